#include "harness/core/benchmark_info.hpp"

#include <algorithm>

namespace assay {

const BenchmarkInfo* find_benchmark(const Catalogue& catalogue, std::string_view name) {
  const auto at = std::find_if(catalogue.begin(), catalogue.end(),
                               [&](const BenchmarkInfo& info) { return info.name == name; });
  return at == catalogue.end() ? nullptr : &*at;
}

}  // namespace assay

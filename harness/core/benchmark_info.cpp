#include "harness/core/benchmark_info.hpp"

#include <algorithm>

namespace assay {

const BenchmarkInfo* find_benchmark(const Catalogue& catalogue, std::string_view name) {
  const auto at = std::find_if(catalogue.begin(), catalogue.end(),
                               [&](const BenchmarkInfo& info) { return info.name == name; });
  return at == catalogue.end() ? nullptr : &*at;
}

const DimSpec* find_dim_spec(const BenchmarkInfo& info, std::string_view name) {
  const auto at = std::find_if(info.dims.begin(), info.dims.end(),
                               [&](const DimSpec& spec) { return spec.name == name; });
  return at == info.dims.end() ? nullptr : &*at;
}

}  // namespace assay

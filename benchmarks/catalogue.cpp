#include "benchmarks/catalogue.hpp"

#include <array>

#include "benchmarks/collective_benchmark.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::array<const CollectiveSpec*, 2> collectives{&all_reduce_spec, &all_to_all_spec};

}  // namespace

const CollectiveSpec& spec_of(Collective collective) {
  for (const auto* spec : collectives)
    if (spec->collective == collective) return *spec;
  throw InternalError("a collective without a row in the table");
}

bench::Benchmarks catalogue() {
  bench::Benchmarks all{make_noop()};
  for (const auto* spec : collectives) all.push_back(make_collective_benchmark(*spec));
  all.push_back(make_copy());
  all.push_back(make_triad());
  all.push_back(make_gemm());
  return all;
}

}  // namespace assay::benchmarks

// One case of a collective on this rank: launches of it, one after another.
#pragma once

#include <memory>

#include "benchmarks/collective_spec.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/schedule/algorithms.hpp"

namespace assay::benchmarks {

/// The algorithm that a case names; null: the library's own, or, where the library has none, the
/// first that fits.
const schedule::Algorithm* named_algorithm(const CollectiveSpec& spec, const Dims& dims);

/// Collective over the group. Throws RunError: memory, the library's refusal, no algorithm.
std::unique_ptr<bench::Prepared> prepare_collective(const CollectiveSpec& spec,
                                                    bench::Context& context);

}  // namespace assay::benchmarks

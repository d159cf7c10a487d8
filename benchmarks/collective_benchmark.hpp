// A row of the collective table as a Benchmark: buffers, rotation, oracle; the same for all rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/collective_spec.hpp"
#include "harness/bench/benchmark.hpp"

namespace assay::benchmarks {

/// Of dimensions `type` and `op`.
std::vector<std::string> all_type_names();
std::vector<std::string> all_op_names();

std::shared_ptr<const bench::Benchmark> make_collective_benchmark(const CollectiveSpec& spec);

}  // namespace assay::benchmarks

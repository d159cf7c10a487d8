// Everything that assay can measure.
#pragma once

#include <memory>

#include "harness/bench/benchmark.hpp"

namespace assay::benchmarks {

std::shared_ptr<const bench::Benchmark> make_noop();
std::shared_ptr<const bench::Benchmark> make_overlap();
std::shared_ptr<const bench::Benchmark> make_congestion();
std::shared_ptr<const bench::Benchmark> make_communicator();
std::shared_ptr<const bench::Benchmark> make_registration();
std::shared_ptr<const bench::Benchmark> make_copy();
std::shared_ptr<const bench::Benchmark> make_triad();
std::shared_ptr<const bench::Benchmark> make_read();
std::shared_ptr<const bench::Benchmark> make_write();
std::shared_ptr<const bench::Benchmark> make_host_copy();
std::shared_ptr<const bench::Benchmark> make_peer_copy();
std::shared_ptr<const bench::Benchmark> make_launch();
std::shared_ptr<const bench::Benchmark> make_gemm();
std::shared_ptr<const bench::Benchmark> make_training_step();

/// All benchmarks in the order of `assay list`.
bench::Benchmarks catalogue();

}  // namespace assay::benchmarks

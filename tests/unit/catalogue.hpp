// A catalogue with the benchmarks' names and dimensions, for tests that cannot run them.
#pragma once

#include "harness/core/benchmark_info.hpp"
#include "harness/core/dims.hpp"

namespace assay::test {

inline double ten_microseconds(const Case&, int) { return 1e-5; }
inline double twice_the_message(const Case& c, int) {
  return 2 * static_cast<double>(integer_dim(c.dims, "bytes"));
}

inline Catalogue catalogue() {
  using Names = std::vector<std::string>;
  const Names types{"int8",   "uint8", "int32", "uint32", "int64",
                    "uint64", "fp16",  "bf16",  "fp32",   "fp64"};
  const Names collective{"time", "span", "transfer", "algbw", "busbw"};
  const DimSpec backend{"backend", "mpi", {"mpi"}};
  const DimSpec memory{"memory", "host", {"host"}};
  const DimSpec type{"type", "fp32", types};
  const DimSpec buffers{"buffers", "plain", {"plain", "registered", "symmetric"}};
  const DimSpec op{"op", "sum", {"sum", "prod", "min", "max", "avg"}};
  const auto bytes = [](std::int64_t size) { return DimSpec{"bytes", size, {}}; };
  const auto side = [](std::string_view name) { return DimSpec{name, std::int64_t{512}, {}}; };
  const Names stream_metrics{"time", "bandwidth"};
  return {
      {"noop", "the harness itself", {}, {"time"}, "world", false, nullptr, ten_microseconds},
      {"all_reduce",
       "",
       {backend, memory, type, op, bytes(1 << 20), {"in_place", false, {}}, buffers},
       collective,
       "world",
       true,
       twice_the_message,
       ten_microseconds},
      {"all_to_all",
       "",
       {backend, memory, type, bytes(1 << 20)},
       collective,
       "world",
       false,
       twice_the_message,
       ten_microseconds},
      {"copy", "", {memory, bytes(64 << 20)}, stream_metrics, "each", false, nullptr, nullptr},
      {"triad", "", {memory, bytes(64 << 20)}, stream_metrics, "each", false, nullptr, nullptr},
      {"gemm",
       "",
       {{"type", "fp64", {"fp32", "fp64"}}, side("m"), side("n"), side("k")},
       {"time", "flops"},
       "each",
       false,
       nullptr,
       nullptr},
  };
}

}  // namespace assay::test

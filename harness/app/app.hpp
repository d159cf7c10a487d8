// The program: arguments in, exit code out. The only layer that reads argv and the environment.
#pragma once

#include <functional>
#include <vector>

#include "harness/bench/benchmark.hpp"
#include "harness/comm/backend.hpp"

namespace assay::app {

/// What the program is assembled from. Tests put decorated parts here; nothing else differs.
struct Parts {
  std::function<bench::Benchmarks()> benchmarks;
  std::function<std::vector<comm::Backend>()> backends;
};

/// Never throws. Returns the process's exit code.
int run_program(int argc, const char* const* argv, const Parts& parts);

}  // namespace assay::app

// The program: arguments in, exit code out. The only layer that reads argv and the environment.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "harness/bench/benchmark.hpp"
#include "harness/comm/backend.hpp"
#include "harness/device/gpus.hpp"
#include "harness/run/common_clock.hpp"

namespace assay::app {

/// What the program is assembled from. Tests put decorated parts here; nothing else differs.
struct Parts {
  std::function<bench::Benchmarks()> benchmarks;
  std::function<std::vector<comm::Backend>()> backends;
  std::function<device::Gpus()> gpus;
  std::function<std::unique_ptr<comm::Session>()> session = comm::open_session;
  run::CommonClock::Lens clock = {};
};

/// Never throws. Returns the process's exit code.
int run_program(int argc, const char* const* argv, const Parts& parts);

}  // namespace assay::app

// The watchdog's clock: seconds of CLOCK_MONOTONIC, which runs on while a process is stopped.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace assay::run {

inline double steady_now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// For poll(): rounded up, never negative.
inline int remaining_ms(double end_s) {
  const double ms = std::ceil(1e3 * (end_s - steady_now_s()));
  return static_cast<int>(std::clamp(ms, 0.0, 1e6));
}

}  // namespace assay::run

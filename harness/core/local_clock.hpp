// This rank's own clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace assay {

inline constexpr double seconds_per_ns = 1e-9;

/// CLOCK_MONOTONIC in nanoseconds: a vDSO call, no system call.
inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace assay

// The timed loop. What stands here runs between two clock readings, and nothing else does.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "harness/bench/benchmark.hpp"
#include "harness/comm/team.hpp"
#include "harness/run/progress.hpp"

namespace assay::run {

/// CLOCK_MONOTONIC in nanoseconds: a vDSO call, no system call.
inline std::int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Smallest step of now_ns() seen in a short trial, in seconds.
double clock_resolution_s();

/// Times one launch per element of `durations_ns`. Collective over the group.
///
/// isolated: the group passes a barrier before every launch; a duration is this rank's own time
/// from before the launch to after it.
/// stream: one barrier, then launches back to back; a duration reaches from the end of the
/// previous launch to the end of this one, so their sum is the wall time.
///
/// `last` announces to the Prepared that the final launch of this call is the one whose output
/// will be verified.
struct TimedCall {
  Pacing pacing = Pacing::isolated;
  bool last = false;
};
/// Whose launches are timed, who takes part, and where the watchdog reads how far they are.
struct Timed {
  bench::Prepared& prepared;
  comm::Team& group;
  Progress& progress;
};
void time_launches(const Timed& timed, TimedCall call, std::span<std::int64_t> durations_ns);

}  // namespace assay::run

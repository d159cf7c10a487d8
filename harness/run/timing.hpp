// The timed loop. What stands here runs between two clock readings, and nothing else does.
#pragma once

#include <cstdint>
#include <span>

#include "harness/bench/benchmark.hpp"
#include "harness/comm/team.hpp"
#include "harness/core/local_clock.hpp"
#include "harness/run/progress.hpp"
#include "harness/run/round_time.hpp"

namespace assay::run {

/// Smallest step of now_ns() seen in a short trial, in seconds.
double clock_resolution_s();

/// When launches began and ended on this rank, by now_ns(); equally many of each.
struct Readings {
  std::span<std::int64_t> begin_ns, end_ns;
  /// 1: this rank was past the agreed start already. As many again where ranks start by time, else
  /// not looked at.
  std::span<std::uint8_t> late;
};

/// Times one launch per element of `readings`. Collective over the group.
///
/// isolated: the group starts every launch together, by a barrier or at an agreed time.
/// stream: one barrier, then launches back to back; each begins when the previous one ended, so
/// that their times add up to the wall time.
///
/// `last` announces to the Prepared that the final launch of this call is the one whose output
/// will be verified.
struct TimedCall {
  Pacing pacing = Pacing::isolated;
  bool last = false;
  const RoundTime* by_time = nullptr;  ///< isolated: how to agree on a start; null: by barrier
};
/// Whose launches are timed, who takes part, and where the watchdog reads how far they are.
struct Timed {
  bench::Prepared& prepared;
  comm::Team& group;
  Progress& progress;
};
void time_launches(const Timed& timed, TimedCall call, const Readings& readings);

}  // namespace assay::run

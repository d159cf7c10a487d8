// Round-time pacing: all ranks of a group start an iteration at one moment of the common clock.
//
// A barrier lets its ranks go one after the other; for an operation hardly longer than that, the
// start is agreed on instead. All ranks spin until then, so never where ranks outnumber cores.
// Source: S. Hunold and A. Carpen-Amarie, "Reproducible MPI Benchmarking is Still Not as Easy as
// You Think", IEEE TPDS 27(12), 2016 (ReproMPI).
#pragma once

#include <cstdint>
#include <string_view>

#include "harness/comm/team.hpp"
#include "harness/run/common_clock.hpp"

namespace assay::run {

/// What a group needs to know before it paces by time; equal on all its ranks.
struct StartCost {
  double barrier_skew_ns = 0;  ///< p99 of last exit − first exit of a barrier
  double broadcast_ns = 0;     ///< of 8 bytes behind a barrier: the highest of the ranks' means
};
/// Collective over `group`, whose ranks all have `clock`, synchronised. Passes `trials` (≥ 1)
/// barriers and as many broadcasts. The skew contains up to twice the clock's bound. Throws
/// RunError as Team does.
StartCost measure_start_cost(comm::Team& group, const CommonClock& clock, int trials = 1000);

enum class StartBy { barrier, round_time };
std::string_view name(StartBy start);  ///< "barrier", "round-time"
/// What decides it, in nanoseconds.
struct StartChoice {
  double operation_ns = 0;  ///< median T_max of the operation behind a barrier
  double barrier_skew_ns = 0;
  double clock_estimate_ns = 0;  ///< of the synchronisation
  bool ranks_outnumber_cores = false;
};
/// round_time when the operation is shorter than 100 × the barrier's skew; the barrier still where
/// ranks outnumber cores, or where the clock seems no better than the barrier. Pure.
StartBy choose_start(const StartChoice& choice);

/// The agreed start: far enough from `now_ns` for the broadcast that announces it. Pure.
std::int64_t start_time(std::int64_t now_ns, double broadcast_ns);

/// How an iteration began on this rank.
struct Start {
  std::int64_t begun_ns = 0;  ///< local clock
  /// It was past the agreed moment already. The rank's own time is valid and stays; combined over
  /// the group with Team::max, per block rather than per iteration.
  bool late = false;
};
/// What a start at an agreed time takes.
struct RoundTime {
  const CommonClock& clock;
  double broadcast_ns = 0;
};
/// Collective over `group`: a barrier, then all spin until a moment that rank 0 announces. To be
/// called right before a launch, and only where choose_start() said so after the last
/// synchronisation: the clock is of finite error then. Allocates nothing. Throws RunError as Team
/// does.
Start start_together(comm::Team& group, const RoundTime& by);

}  // namespace assay::run

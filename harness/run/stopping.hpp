// How long to measure: decided on rank 0 from what all groups showed, then broadcast. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/core/case.hpp"
#include "harness/stats/autocorrelation.hpp"

namespace assay::run {

/// Times of one group's iterations in seconds, in order.
using GroupTimes = std::vector<std::vector<float>>;

/// What follows a pilot.
struct PilotVerdict {
  enum class Next {
    enough,  ///< begin to time
    extend,  ///< `iterations` more belong to this pilot
    again,   ///< still settling: what was seen counts as warm-up, start the pilot over
  };
  Next next = Next::enough;
  std::int64_t iterations = 0;
};
/// A pilot is enough when no group is seen to be still settling and, where the block length is
/// taken from it, as long as stats::pilot_length asks for every quantile and either tail (a metric
/// may be the mirror of time), 20,000 at most: a shorter one underestimates τ. `attempts`: pilots
/// begun so far; after 4 the case goes on, flagged.
PilotVerdict judge_pilot(const GroupTimes& pilot, int attempts, const Stop& stop);
/// still if any group is, else unknown if any group's pilot is too short to tell (none at all is).
stats::Settling settling(const GroupTimes& pilot);

/// The plan of the timed loop, fixed before its first iteration.
struct TimedPlan {
  std::int64_t iterations = 0;
  std::int64_t block_length = 0;    ///< 0: no blocks were planned
  std::int64_t blocks_dropped = 0;  ///< planned blocks that `cap_s` leaves no time for
};
/// `iteration_s`: seconds an iteration took in the pilot or warm-up. Block length: the one fixed in
/// the plan, else the longest that any group and any quantile (either tail) asks for.
TimedPlan plan_timed(const Stop& stop, const GroupTimes& pilot, double iteration_s, double cap_s);

/// Iterations that began late so far, and those that were added to the plan because of it.
struct LateSoFar {
  std::int64_t late = 0, added = 0;
};
struct TimeLeft {
  double iteration_s = 0, left_s = 0;
};
/// How many more bring the punctual ones to the planned number: in whole blocks where there are
/// blocks, as many as fit into the time left, and never more than were planned in all. 0: enough.
std::int64_t iterations_to_add(const TimedPlan& plan, LateSoFar so_far, TimeLeft time);

/// For Stop kinds time and precision, after every chunk: is this enough?
bool enough(const Stop& stop, const GroupTimes& timed, double elapsed_s);

/// Iterations that take about `target_s`, between 1 and `most`.
std::int64_t iterations_for(double target_s, double iteration_s, std::int64_t most);

}  // namespace assay::run

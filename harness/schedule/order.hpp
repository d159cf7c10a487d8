// A schedule as one line of steps for one thread: what to begin and what to wait for. Pure.
#pragma once

#include <cstddef>
#include <vector>

#include "harness/schedule/schedule.hpp"

namespace assay::schedule {

struct Step {
  /// A copy or reduction is complete once begun; a transfer is once it is finished, which waits.
  enum class What { begin, finish };
  What what = What::begin;
  std::size_t operation = 0;
  friend bool operator==(const Step&, const Step&) = default;
};

/// Each transfer begins as soon as what it depends on is complete, receives first, but behind those
/// that come before it to or from the same peer; copies and reductions run only when no transfer
/// can begin; a wait is for what the first operation that has not begun needs. Schedules without a
/// problem_of() do not deadlock in this order: at every wait, all has begun that comes before.
std::vector<Step> order(const Schedule& schedule);

/// Round by round: all transfers of one begin, and finish, then copies and reductions run that
/// waited for it. For whom waiting for one transfer is waiting for all that have begun: no two
/// ranks wait for each other for ever.
std::vector<Step> order_in_rounds(const Schedule& schedule);

}  // namespace assay::schedule

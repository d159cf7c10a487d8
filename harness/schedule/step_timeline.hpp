// What a rank's time went into, from what it did when: interval algebra. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/schedule/step.hpp"

namespace assay::step {

/// From begin to before end, in nanoseconds of one clock.
struct Period {
  std::int64_t begin_ns = 0, end_ns = 0;
};

/// Something that went on on a rank.
struct Activity {
  Period when;
  /// Of communication: to what it is attributed, an index below Breakdown's labels. None: compute.
  std::optional<std::size_t> label{};
  /// Of communication: when the last of those that take part had arrived; until then this rank
  /// waits, and from then on it transfers. By default it never waits.
  std::int64_t all_there_ns = 0;
};

/// Where the time of a step went on one rank. compute + the sum of exposed + idle is the step.
struct Breakdown {
  double step_s = 0;
  double compute_s = 0;           ///< something is computed
  std::vector<double> exposed_s;  ///< by label: communication and no compute; where several labels
                                  ///< communicate at once, each gets an equal part
  double idle_s = 0;              ///< neither
  double communication_s = 0;     ///< anything communicates
  double transfer_s = 0;          ///< and of something all have arrived
  double overlapped_s = 0;        ///< and something is computed meanwhile
  double waiting_s = 0;  ///< nothing is computed or transferred: idle, or waiting for others

  /// Something communicates, and of nothing all have arrived.
  double comm_wait_s() const { return communication_s - transfer_s; }
  /// The share of communication that is hidden behind compute; none: nothing is communicated.
  std::optional<double> overlap_ratio() const;
  /// The bubble: the share of the step in which a rank waits.
  double bubble() const { return step_s > 0 ? waiting_s / step_s : 0; }
};

/// Of what is done within `step`; what lies outside is cut off.
Breakdown breakdown(std::span<const Activity> activities, std::size_t labels, Period step);

/// From the first begin to the last end; of nothing: empty.
Period extent(std::span<const Activity> activities);

/// The labels of a job's groups, each once.
std::vector<std::string> labels_of(const Job& job);

/// When one rank's operations began and ended, and when all that take part in each had arrived
/// (empty: not known); by operation of its schedule.
struct Readings {
  std::span<const std::int64_t> begin_ns, end_ns, all_there_ns;
};

/// What went on on a rank of `job` with that schedule; labels are indices into labels_of().
std::vector<Activity> activities(const Job& job, const Schedule& schedule,
                                 const Readings& readings);

}  // namespace assay::step

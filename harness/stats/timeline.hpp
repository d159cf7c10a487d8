// What a rank's time went into, from what it did when: interval algebra. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::stats {

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
  double overlapped_s = 0;        ///< and something is computed meanwhile
  double waiting_s = 0;  ///< nothing is computed or transferred: idle, or waiting for others

  /// The share of communication that is hidden behind compute; none: nothing is communicated.
  std::optional<double> overlap_ratio() const;
  /// The bubble: the share of the step in which a rank waits.
  double bubble() const { return step_s > 0 ? waiting_s / step_s : 0; }
};

/// Of what is done within `step`; what lies outside is cut off.
Breakdown breakdown(std::span<const Activity> activities, std::size_t labels, Period step);

/// From the first begin to the last end; of nothing: empty.
Period extent(std::span<const Activity> activities);

/// How much slower the slowest rank computes than the middle one: the largest of each rank's median
/// time of compute, over the median of these. None: no times, or the middle rank computes nothing.
std::optional<double> straggler_index(std::span<const double> medians);

}  // namespace assay::stats

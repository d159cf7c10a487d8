// What a benchmark reads off itself beside the times of its launches: values of this rank per
// iteration, which become the group's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay::bench {

/// This rank's readings of now_ns() on a clock that all ranks share. Valid for what lies between
/// the last two synchronisations of the run; where a device times itself, as at the run's start,
/// which is good enough to draw ranks below each other and no more.
class ClockOfAll {
 public:
  virtual ~ClockOfAll() = default;
  /// In nanoseconds since an epoch of the run, so that a double holds them exactly. Local.
  virtual std::int64_t at(std::int64_t reading_ns) const = 0;
};

/// How the values that a group's ranks have of one iteration become the group's.
enum class Joined { mean, longest };

struct Harvested {
  std::string series;  ///< what a metric is read from, in the metric's unit
  Joined by = Joined::mean;
  /// One per iteration, in order. NaN: this rank has none, and the others' count.
  std::vector<double> values{};
  /// Series with the median of each rank's own values, so that who differs can be named; empty: it
  /// is not kept.
  std::string of_each_rank{};
  /// Series with the same over that of the middle rank (of an even number the lower one), so that
  /// who differs can be judged; empty: it is not kept.
  std::string over_middle{};
  /// How often a value compares what two ranks read, at most. The clock's error that many times
  /// must be small against the iteration, or the series is absent.
  std::size_t comparisons = 0;
};

}  // namespace assay::bench

// Who came when: the arrivals and exits of a group's ranks, combined per iteration.
//
// In a synchronising collective the late rank shows the shortest local time, so what a rank cost
// the others is read from arrivals, never from durations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/comm/team.hpp"
#include "harness/run/clock_model.hpp"

namespace assay::run {

/// One rank's readings per iteration: before the call and after it. In nanoseconds of the common
/// clock since an epoch of the run, so that a double holds them exactly.
struct Stamps {
  std::vector<double> arrival_ns, exit_ns;
  std::vector<double> duration_ns;  ///< exit − arrival on the rank's own clock
  double bound_ns = 0;              ///< the worst clock error of all readings
};

/// The same readings on the rank's own clock.
struct LocalStamps {
  std::span<const std::int64_t> arrival_ns, exit_ns;
};
/// Local. For readings between two synchronisations, ask after the second one.
Stamps to_common(LocalStamps local, const ClockModel& model, std::int64_t epoch_ns);

/// Per iteration of a group.
struct GroupArrivals {
  std::vector<double> t_max_ns;       ///< longest duration; needs no common clock
  std::vector<double> t_span_ns;      ///< last exit − first arrival
  std::vector<double> t_transfer_ns;  ///< last exit − last arrival
  std::vector<int> last;              ///< rank in the group; the highest of several at once
  double bound_ns = 0;                ///< the worst clock error of all ranks
};

/// From all ranks of a group, by rank in the group; equally many iterations each.
GroupArrivals combine(std::span<const Stamps> ranks);
/// The same where each rank has its own: collective over the group, equal on all ranks. Two
/// reductions for a whole chunk, none per iteration.
GroupArrivals combine(comm::Team& group, const Stamps& mine);

/// `more` follows; the worse clock error is that of all.
void append(GroupArrivals& all, const GroupArrivals& more);

/// Share of a figure's median that the clock error may have in it.
inline constexpr double clock_error_share = 0.01;

/// Why a figure that needs the common clock is absent; empty: it is valid.
struct ArrivalValidity {
  std::string t_span, t_transfer;
  std::string last;  ///< lateness that the clock cannot tell is no matter where T ≫ its error
};
/// A difference of readings of two ranks errs by up to twice the bound. T_span and T_transfer are
/// valid when that is at most clock_error_share of their own median, the last arriver when it is at
/// most this share of the median T_max. Pure.
ArrivalValidity judge_arrivals(const GroupArrivals& arrivals);
/// Likewise of what compares the readings of two ranks so many times in an iteration. Pure.
std::string why_comparisons_absent(const GroupArrivals& arrivals, std::size_t times);

}  // namespace assay::run

// Who computes slower than the others. Pure.
#pragma once

#include <optional>
#include <span>

namespace assay::stats {

/// The middle one of what each rank has; of an even number the lower, so that of two ranks the
/// faster one is what the other is held against. Not of nothing.
double middle_rank(std::span<const double> of_ranks);

/// How much slower the slowest rank computes than the middle one: the largest of each rank's median
/// time of compute, over that of the middle_rank(). None: no times, or the middle rank computes
/// nothing.
std::optional<double> straggler_index(std::span<const double> medians);

}  // namespace assay::stats

// Who computes slower than the others. Pure.
#pragma once

#include <optional>
#include <span>

namespace assay::stats {

/// How much slower the slowest rank computes than the middle one: the largest of each rank's median
/// time of compute, over the median of these. None: no times, or the middle rank computes nothing.
std::optional<double> straggler_index(std::span<const double> medians);

}  // namespace assay::stats

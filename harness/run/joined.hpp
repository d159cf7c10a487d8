// Values of a group's ranks become the group's. Pure.
#pragma once

#include <span>

#include "harness/bench/harvest.hpp"

namespace assay::run {

/// Of one iteration; ranks with NaN have no value. NaN: none has.
double joined(bench::Joined by, std::span<const double> ranks);

}  // namespace assay::run

// What a GPU's counters say of a case.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/device/gpu_inventory.hpp"

namespace assay::run {

/// This rank's GPU now; local, milliseconds. Empty where nothing is told.
using ReadCounters = std::function<std::vector<device::GpuCounter>()>;

/// By name, in base units. What has a value at any moment (temperature, power, clock, reasons to
/// hold back) is named as a metric reads it, right after the case, and with "_before" at its end
/// right before it. Of what only grows, it is what the case added; rows of memory count from when
/// the GPU was made. Only what was told. Pure.
std::map<std::string, float> gpu_readings(const std::vector<device::GpuCounter>& before,
                                          const std::vector<device::GpuCounter>& after);

}  // namespace assay::run

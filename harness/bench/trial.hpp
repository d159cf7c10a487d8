// Trial: how long something takes that is not measured but has to be known.
#pragma once

#include <chrono>

#include "harness/device/device.hpp"

namespace assay::bench {

/// Seconds until what `work` gives the device, or does itself, is done: by the clock of a device
/// that times itself, else by the caller's. The device has nothing else to do. Throws RunError.
template <class F>
double seconds_of(device::Device& device, F work) {
  using Clock = std::chrono::steady_clock;
  auto* stopwatch = device.stopwatch();
  if (stopwatch == nullptr) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  stopwatch->mark(0);
  work();
  stopwatch->mark(1);
  device.wait();
  device.check();
  return stopwatch->seconds(0, 1);
}

}  // namespace assay::bench

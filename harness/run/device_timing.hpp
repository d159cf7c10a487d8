// The timed loop where launches are only enqueued: what a launch took is read from the device's own
// marks, and the host's clock stands beside it.
#pragma once

#include <cstdint>
#include <span>

#include "harness/device/device.hpp"
#include "harness/run/timing.hpp"

namespace assay::run {

/// Per launch, in seconds; equally many of each.
struct DeviceReadings {
  std::span<double> device_s;  ///< by the device's marks
  /// By the host's clock: from the start, or the opening of the gate, until the wait was over; of
  /// several launches behind one gate, each has its share.
  std::span<double> wall_s;
};

/// Whether launches are held back until a batch of them is enqueued, so that no time contains what
/// enqueueing costs. Not before something was launched once: first launches may have to wait.
enum class Gate { open, closed };

struct OnDevice {
  device::Device& device;
  device::Stopwatch& stopwatch;  ///< the device's
  Gate gate = Gate::closed;
};

/// Times one launch per element of `readings`. Collective over the group. Throws RunError where the
/// device fails.
///
/// isolated: barrier, mark, launch, mark, wait: the device is idle, so that the time contains what
/// it takes to give it one launch. stream: batches of at most Stopwatch::most launches behind a
/// gate, with a mark after each; a barrier, so that all ranks have enqueued theirs; the gate opens.
/// graph: the same with launches that were recorded just before, each by itself. `call.by_time` is
/// not looked at.
void time_on_device(const Timed& timed, const OnDevice& on, TimedCall call,
                    const DeviceReadings& readings);

}  // namespace assay::run

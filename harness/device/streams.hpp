// Streams: several queues of one device's work, and events between them.
#pragma once

#include <cstddef>

namespace assay::device {

/// Of one device, which outlives it: streams 0 … n − 1 beside the device's own, and events that
/// order and time what is given to them. Nothing here waits but the host that asks. What different
/// streams are given runs at the same time or in any order, unless an event stands between: that of
/// the device's own stream, too. Functions that may not throw tell of a failure through check().
///
/// Between Stopwatch::begin_recording() and end_recording() all this is recorded, if the streams
/// leave the own one and come back to it: an event recorded on the own stream is the first thing
/// that each of them waits for, and the own stream waits for the last thing that each was given.
/// What such a recording's events tell is that of its latest replay, after Device::wait().
class Streams {
 public:
  /// The device's own stream is in use again. Nothing of these streams is under way: after
  /// Device::wait().
  virtual ~Streams() = default;

  /// What the device is given from now on goes to stream `index`: its kernels, copies, products
  /// and links, and the launches and transfers of communicators over it. Functions that may throw
  /// wait for that stream alone, Device::wait() for all. Products can be launched on streams that
  /// were in use while one was made.
  virtual void use(std::size_t index) noexcept = 0;
  /// To the device's own stream again, as when nobody has asked for streams.
  virtual void use_own() noexcept = 0;

  /// The event happens when all that the stream in use was given so far is done.
  virtual void record(std::size_t event) noexcept = 0;
  /// What the stream in use is given from now on waits for the event, as it was last recorded;
  /// for nothing where it never was.
  virtual void wait_for(std::size_t event) noexcept = 0;
  /// Whether it has, as it was last recorded; for a host that polls. A failure counts as happened,
  /// so that nobody polls for ever.
  virtual bool happened(std::size_t event) noexcept = 0;
  /// Between two events that have happened. Throws RunError.
  virtual double seconds(std::size_t first, std::size_t second) const = 0;

  /// Throws RunError if anything so far failed.
  virtual void check() const = 0;
};

}  // namespace assay::device

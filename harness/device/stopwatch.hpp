// Stopwatch: times work that is only enqueued, by the device's own clock.
#pragma once

#include <cstddef>

namespace assay::device {

/// Of one device, whose calls it stands between: what is marked, gated and recorded is what that
/// device, and communicators over it, are given meanwhile. Nothing here waits. Functions that may
/// not throw tell of a failure through check().
class Stopwatch {
 public:
  virtual ~Stopwatch() = default;

  /// Marks 0 … most and recordings 0 … most − 1 exist. Also as many launches as a closed gate may
  /// hold back: queues of the driver, and NCCL's, are finite.
  static constexpr std::size_t most = 128;

  /// What is given to the device from now on waits for open().
  virtual void close() noexcept = 0;
  virtual void open() noexcept = 0;
  /// Gates so far that opened by themselves after gate_limit_s: something that was to be held back
  /// had to be waited for.
  virtual std::size_t gates_expired() const = 0;
  static constexpr double gate_limit_s = 2;

  /// The moment at which all that was given before is done.
  virtual void mark(std::size_t index) noexcept = 0;
  /// From mark `first` to mark `second`; both have happened: after Device::wait(). Throws RunError.
  virtual double seconds(std::size_t first, std::size_t second) const = 0;

  /// From here to end_recording() work is recorded, not done. They throw RunError.
  virtual void begin_recording() = 0;
  virtual void end_recording(std::size_t index) = 0;
  /// Gives the device all that was recorded, as one launch.
  virtual void replay(std::size_t index) noexcept = 0;
  /// Recordings may keep alive what they recorded. Nothing of them is under way.
  virtual void forget_recordings() noexcept = 0;

  /// Throws RunError if anything so far failed.
  virtual void check() const = 0;
};

}  // namespace assay::device

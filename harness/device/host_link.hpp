// HostLink: copies between a device and memory of its host.
#pragma once

#include <cstddef>

namespace assay::device {

class Buffer;

/// One block of memory on either side.
struct LinkEnds {
  std::byte* device = nullptr;
  std::byte* host = nullptr;  ///< of HostLink::allocate()
};

/// Of one device. Copies are enqueued in the order of its other work, as all that may not throw.
class HostLink {
 public:
  virtual ~HostLink() = default;
  /// Memory of the host that the device reaches by itself (pinned), zero. Throws RunError.
  virtual Buffer allocate(std::size_t bytes) = 0;
  virtual void to_device(LinkEnds ends, std::size_t bytes) noexcept = 0;
  virtual void to_host(LinkEnds ends, std::size_t bytes) noexcept = 0;
  /// At the same time; done when both are. The blocks do not overlap.
  virtual void both_ways(LinkEnds in, LinkEnds out, std::size_t bytes) noexcept = 0;
  /// Throws RunError if anything so far failed.
  virtual void check() const = 0;
};

}  // namespace assay::device

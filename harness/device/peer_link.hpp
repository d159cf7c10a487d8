// PeerLink: memory of a device that other processes of its host open, to copy into.
#pragma once

#include <array>
#include <cstddef>

namespace assay::device {

class Buffer;

/// What a process hands to another one, byte by byte, so that it can open memory.
struct PeerTicket {
  std::array<std::byte, 64> handle{};  ///< the library's own
  std::array<char, 32> bus_id{};       ///< of the device whose memory it is
};

/// Of one device.
class PeerLink {
 public:
  virtual ~PeerLink() = default;
  /// For memory of this device's allocate(), which is kept until all who opened it have let go of
  /// it. Throws RunError, UnsupportedError where it cannot be shared.
  virtual PeerTicket share(const Buffer& memory) = 0;
  /// Memory of `bytes` that another process has shared, for this device's copy(). Throws
  /// UnsupportedError where the device does not reach it.
  virtual Buffer open(const PeerTicket& ticket, std::size_t bytes) = 0;
};

}  // namespace assay::device

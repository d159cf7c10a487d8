// Equal buffers that are used in turn, so that a message is not served from the last-level cache.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/device/device.hpp"

namespace assay::bench {

/// Whose turn it is among `slots` buffers.
class Turn {
 public:
  explicit Turn(std::size_t slots = 1) : slots_(slots) {}
  std::size_t slots() const noexcept { return slots_; }
  std::size_t next() const noexcept { return next_; }
  std::size_t last() const noexcept { return last_; }
  /// Takes the next one; it is the last one until the next call.
  std::size_t take() noexcept {
    last_ = next_;
    next_ = last_ + 1 == slots_ ? 0 : last_ + 1;
    return last_;
  }

 private:
  std::size_t slots_, next_ = 0, last_ = 0;
};

/// `slots` buffers of `bytes` each, every one between two guard bands. Local.
class BufferRing {
 public:
  /// As many slots as cover `rotation_bytes`, at least one. Slots of a page and more begin on a
  /// page; several smaller ones lie more than a page apart, so that no prefetcher brings the next
  /// one in, and not a whole page, so that they do not all fall into the same cache sets.
  BufferRing(device::Device& device, std::size_t bytes, std::uint64_t rotation_bytes);

  std::size_t slots() const { return slots_; }
  std::size_t bytes() const { return bytes_; }
  /// Aligned to 64 bytes, and to a page when it is one slot alone or of a page and more.
  std::byte* slot(std::size_t index) const { return buffer_.data() + index * stride_ + offset; }
  void poison(std::size_t index) const;
  /// Offset from the slot's start of a guard byte that something overwrote: negative before the
  /// slot, ≥ bytes() behind it.
  std::optional<std::int64_t> overwritten(std::size_t index) const;

 private:
  static constexpr std::size_t guard = 64;
  static constexpr std::size_t offset = 4096;  ///< of the first slot: room for its guard

  device::Device* device_;
  std::size_t bytes_, slots_, stride_;
  device::Buffer buffer_;
};

}  // namespace assay::bench

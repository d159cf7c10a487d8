// Equal buffers that are used in turn, so that a message is not served from the last-level cache.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "harness/device/device.hpp"

namespace assay::bench {

/// Over how much memory the launches of a case rotate.
struct Rotation {
  std::size_t slots = 1;    ///< of every buffer; equal on all ranks whose buffers are equal
  std::uint64_t bytes = 0;  ///< of the cache lines that all slots of all buffers cover
};
/// As few slots as cover `rotation_bytes` of cache lines, for a launch that uses one buffer of each
/// of these sizes; one when a single launch covers them. Pure.
Rotation rotation_over(std::uint64_t rotation_bytes, const std::vector<std::size_t>& buffers);

/// Whose turn it is among `slots` buffers: each once in `slots` turns. The order jumps by about .6
/// of them, so that neighbours in time are far apart in memory and no prefetcher brings the next
/// one in.
class Turn {
 public:
  explicit Turn(std::size_t slots = 1);
  std::size_t slots() const noexcept { return slots_; }
  /// The next turn is the one whose output is verified, wherever its launch writes. Returns it.
  std::size_t announce() noexcept { return announced_ = next_; }
  std::size_t announced() const noexcept { return announced_; }
  std::size_t take() noexcept {
    const auto taken = next_;
    next_ += step_;
    if (next_ >= slots_) next_ -= slots_;
    return taken;
  }

 private:
  std::size_t slots_, step_, next_ = 0, announced_ = 0;
};

/// Where the memory of a ring comes from, if not from the device, and how it lies there.
struct RingMemory {
  std::function<device::Buffer(std::size_t bytes)> allocate = {};
  /// Slots lie as if they were of so many bytes, if that is more: alike on ranks whose buffers
  /// differ.
  std::size_t bytes_apart = 0;
};

/// `slots` buffers of `bytes` each, every one between two guard bands. Local.
class BufferRing {
 public:
  /// Slots of a page and more begin on a page. Smaller ones lie an odd number of cache lines apart,
  /// so that they use all cache sets alike and never share the pair of lines that an adjacent-line
  /// prefetcher fetches; the guards between them make that at most three times their own lines.
  /// Empty slots are all the same one.
  BufferRing(device::Device& device, std::size_t bytes, std::size_t slots,
             const RingMemory& memory = {});

  std::size_t slots() const { return slots_; }
  std::size_t bytes() const { return bytes_; }
  /// Aligned to 64 bytes; to a page when it is the first or of a page and more.
  std::byte* slot(std::size_t index) const { return buffer_.data() + offset_of(index); }
  /// All slots and their guards; the same in rings of equal slots.
  const device::Buffer& memory() const { return buffer_; }
  std::size_t offset_of(std::size_t index) const { return index * stride_ + offset; }
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

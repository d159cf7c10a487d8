// The memory that a step works in: its buffers, and values that keep its products finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/device/device.hpp"
#include "harness/schedule/step.hpp"

namespace assay::bench {

/// Bytes that somebody owns.
struct Region {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
};

/// Numbers between 1/16 and 1 of either sign, as fp32 and, in pairs, as fp64: sums of their
/// products are neither so small nor so large that arithmetic on them would take longer.
std::vector<float> ordinary_numbers(std::size_t count);

class StepMemory {
 public:
  /// All buffers, full of ordinary numbers. Throws RunError (memory).
  StepMemory(const step::Schedule& schedule, device::Device& device);

  /// Again full of ordinary numbers.
  void refill();

  Region of(const step::Slice& slice) const;
  /// Ordinary numbers that stay in the nearest cache.
  Region ordinary() const { return {ordinary_.data(), ordinary_.size()}; }
  /// More, of any content.
  Region more(std::size_t bytes);

 private:
  device::Device& device_;
  device::Buffer ordinary_;
  std::vector<device::Buffer> buffers_;
  std::vector<std::size_t> widths_;  ///< of an element of each
  std::vector<device::Buffer> more_;
};

}  // namespace assay::bench

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

/// Random bits that are ordinary numbers of whatever type they are read as: of either sign, as bf16
/// and, in pairs, as fp32 between 1/16 and 1, in fours as fp64 smaller, as fp16 between 1 and 2;
/// and finite as fp8. Sums of their products are neither so small nor so large that arithmetic on
/// them would take longer. Random, as what a GPU draws depends on the bits that change.
std::vector<std::uint16_t> ordinary_numbers(std::size_t count);

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

#include "harness/bench/buffer_ring.hpp"

#include <algorithm>

namespace assay::bench {

namespace {

/// One byte throughout: a guard band is filled and verified like any other data.
kernels::Pattern guard_pattern() {
  kernels::Pattern pattern;
  pattern.type = DataType::uint8;
  pattern.entries.fill(0xa5);
  return pattern;
}

constexpr std::size_t round_up(std::size_t value, std::size_t to) {
  return (value + to - 1) / to * to;
}

constexpr std::size_t page = 4096;

}  // namespace

BufferRing::BufferRing(device::Device& device, std::size_t bytes, std::uint64_t rotation_bytes)
    : device_(&device),
      bytes_(bytes),
      slots_(1),
      stride_(bytes < page ? page + guard : round_up(bytes + 2 * guard, page)) {
  if (bytes < rotation_bytes) slots_ = std::max<std::size_t>(1, rotation_bytes / stride_);
  buffer_ = device.allocate(offset + stride_ * slots_);
  for (std::size_t i = 0; i < slots_; ++i) {
    device_->fill(slot(i) - guard, guard_pattern(), {0, 0, guard});
    device_->fill(slot(i) + bytes_, guard_pattern(), {0, 0, guard});
  }
}

void BufferRing::poison(std::size_t index) const { device_->poison(slot(index), bytes_); }

std::optional<std::int64_t> BufferRing::overwritten(std::size_t index) const {
  const kernels::Slice band{0, 0, guard};
  const auto behind = device_->verify(slot(index) + bytes_, guard_pattern(), band);
  if (behind.wrong > 0) return static_cast<std::int64_t>(bytes_ + behind.first);
  const auto before = device_->verify(slot(index) - guard, guard_pattern(), band);
  if (before.wrong > 0)
    return static_cast<std::int64_t>(before.first) - static_cast<std::int64_t>(guard);
  return std::nullopt;
}

}  // namespace assay::bench

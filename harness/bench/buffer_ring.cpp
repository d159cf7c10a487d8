#include "harness/bench/buffer_ring.hpp"

#include <algorithm>
#include <numeric>

namespace assay::bench {

namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t line = 64;

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

/// From slot to slot, with a guard behind each that is the guard before the next.
constexpr std::size_t stride_of(std::size_t bytes, std::size_t guard) {
  if (bytes == 0) return 0;
  if (bytes >= page) return round_up(bytes + 2 * guard, page);
  return (round_up(bytes + guard, line) / line | 1) * line;
}

/// Nearest to .618 of `slots` that meets every slot before the first one again.
std::size_t step_over(std::size_t slots) {
  if (slots == 1) return 0;
  auto step = std::max<std::size_t>(1, slots * 618 / 1000);
  while (std::gcd(step, slots) != 1) ++step;
  return step;
}

}  // namespace

Rotation rotation_over(std::uint64_t rotation_bytes, const std::vector<std::size_t>& buffers) {
  std::uint64_t launch = 0;
  for (const auto bytes : buffers) launch += round_up(bytes, line);
  if (launch == 0) return {};
  const auto slots = std::max<std::uint64_t>(1, (rotation_bytes + launch - 1) / launch);
  return {static_cast<std::size_t>(slots), slots * launch};
}

Turn::Turn(std::size_t slots) : slots_(slots), step_(step_over(slots)) {}

BufferRing::BufferRing(device::Device& device, std::size_t bytes, std::size_t slots,
                       const RingMemory& memory)
    : device_(&device), bytes_(bytes), slots_(slots) {
  const auto largest = std::max(bytes, memory.bytes_apart);
  stride_ = stride_of(largest, guard);
  const auto end = offset + stride_ * (slots - 1) + largest + guard;
  buffer_ = memory.allocate ? memory.allocate(end) : device.allocate(end);
  if (stride_ < page) {  // one call for all: there may be a million slots
    device_->fill(slot(0) - guard, guard_pattern(), {0, 0, end - offset + guard});
    return;
  }
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

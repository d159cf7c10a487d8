#include "harness/bench/step_memory.hpp"

#include <algorithm>
#include <span>

#include "harness/bench/benchmark.hpp"

namespace assay::bench {

std::vector<std::uint16_t> ordinary_numbers(std::size_t count) {
  constexpr std::uint64_t exponent_of_16th = 123;
  constexpr std::uint64_t fractions = 120;  // of 128; what is above would make an fp8 infinite
  std::vector<std::uint16_t> numbers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = mix(i);
    const auto sign = bits & 1, exponent = exponent_of_16th + (bits >> 1) % 4;
    numbers[i] = static_cast<std::uint16_t>(sign << 15 | exponent << 7 | (bits >> 8) % fractions);
  }
  return numbers;
}

StepMemory::StepMemory(const step::Schedule& schedule, device::Device& device) : device_(device) {
  constexpr std::size_t line = 64;
  const auto bytes = std::max(line, device.cached_bytes() / line * line);
  const auto numbers = ordinary_numbers(bytes / sizeof(std::uint16_t));
  ordinary_ = device.allocate(bytes);
  device.put(ordinary_.data(), std::as_bytes(std::span(numbers)));
  for (const auto& [label, type, count] : schedule.buffers) {
    widths_.push_back(size_of(type));
    buffers_.push_back(device.allocate(count * size_of(type)));
  }
  refill();
}

void StepMemory::refill() {
  const auto bytes = ordinary_.size();
  for (const auto& buffer : buffers_)
    for (std::size_t at = 0; at < buffer.size(); at += bytes)
      device_.copy(buffer.data() + at, ordinary_.data(), std::min(bytes, buffer.size() - at));
  device_.wait();
}

Region StepMemory::of(const step::Slice& slice) const {
  const auto width = widths_[slice.buffer];
  return {buffers_[slice.buffer].data() + slice.first * width, slice.count * width};
}

Region StepMemory::more(std::size_t bytes) {
  more_.push_back(device_.allocate(bytes));
  return {more_.back().data(), bytes};
}

}  // namespace assay::bench

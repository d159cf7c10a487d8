#include "benchmarks/pattern_check.hpp"

#include <fmt/format.h>

#include <bit>

#include "kernels/float_formats.hpp"

namespace assay::benchmarks {

namespace {

template <class Format>
std::string narrow_text(std::uint64_t bits) {
  return fmt::format("{}", Format::widen(static_cast<typename Format::Stored>(bits)));
}

}  // namespace

std::string element_text(DataType type, std::uint64_t bits) {
  switch (type) {
    case DataType::int8:
      return std::to_string(static_cast<std::int8_t>(bits));
    case DataType::uint8:
      return std::to_string(static_cast<std::uint8_t>(bits));
    case DataType::int32:
      return std::to_string(static_cast<std::int32_t>(bits));
    case DataType::uint32:
      return std::to_string(static_cast<std::uint32_t>(bits));
    case DataType::int64:
      return std::to_string(static_cast<std::int64_t>(bits));
    case DataType::uint64:
      return std::to_string(bits);
    case DataType::fp8_e4m3:
      return narrow_text<kernels::E4m3>(bits);
    case DataType::fp8_e5m2:
      return narrow_text<kernels::E5m2>(bits);
    case DataType::fp16:
      return narrow_text<kernels::Half>(bits);
    case DataType::bf16:
      return narrow_text<kernels::Bfloat>(bits);
    case DataType::fp32:
      return fmt::format("{}", std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    case DataType::fp64:
      return fmt::format("{}", std::bit_cast<double>(bits));
  }
  return {};
}

WrongElement PatternCheck::here(std::string buffer, std::uint64_t offset) const {
  WrongElement wrong;
  wrong.rank = context_.group.world_rank;
  wrong.host = context_.group.host;
  wrong.buffer = std::move(buffer);
  wrong.offset = offset;
  return wrong;
}

void PatternCheck::data_on(device::Device& device, const std::byte* data,
                           const kernels::Pattern& pattern, kernels::Slice slice,
                           std::uint64_t at) {
  const auto found = device.verify(data, pattern, slice);
  report_.checked += slice.count;
  report_.wrong += found.wrong;
  if (found.wrong == 0 || report_.first) return;
  const std::size_t width = size_of(pattern.type);
  const auto actual = device.read_element(data + found.first * width, width);
  const auto entry = kernels::pattern_entry(slice.seed, slice.first_index + found.first);
  report_.first = here("recv", at + found.first);
  report_.first->expected = element_text(pattern.type, pattern.entries[entry]);
  report_.first->actual = element_text(pattern.type, actual);
}

void PatternCheck::guards(std::string_view buffer, const bench::BufferRing& ring,
                          std::size_t slot) {
  const auto hit = ring.overwritten(slot);
  if (!hit) return;
  report_.wrong += 1;
  if (report_.first) return;
  const bool before = *hit < 0;
  const auto distance = before ? -*hit : *hit - static_cast<std::int64_t>(ring.bytes());
  report_.first = here(fmt::format("guard {} {}", before ? "before" : "after", buffer),
                       static_cast<std::uint64_t>(distance));
  report_.first->expected = "untouched";
  report_.first->actual = "overwritten";
}

}  // namespace assay::benchmarks

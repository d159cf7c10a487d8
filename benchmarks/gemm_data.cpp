#include "benchmarks/gemm_data.hpp"

#include <algorithm>
#include <cstring>

#include "harness/bench/benchmark.hpp"
#include "harness/core/error.hpp"
#include "kernels/float_formats.hpp"

namespace assay::benchmarks {

namespace {

/// Of the elements of A and B: see the head of gemm_data.hpp. Of C at most twice as much, which its
/// type holds, too.
std::int64_t largest_of(device::GemmType type) {
  switch (type) {
    case device::GemmType::fp64:
      return (1 << 23) - 1;
    case device::GemmType::fp32:
    case device::GemmType::tf32:
    case device::GemmType::fp16:
    case device::GemmType::fp16_fp32:
      return 511;
    case device::GemmType::bf16:
    case device::GemmType::bf16_fp32:
      return 127;
    case device::GemmType::fp8_e4m3:
      return 15;
  }
  return 1;
}

/// From −largest to largest, never zero.
std::int64_t pick(std::uint64_t hash, std::int64_t largest) {
  const auto magnitude =
      1 + static_cast<std::int64_t>((hash >> 32) * static_cast<std::uint64_t>(largest) >> 32);
  return (hash & 1) != 0 ? -magnitude : magnitude;
}

int sign_from(std::uint64_t bit) { return (bit & 1) != 0 ? -1 : 1; }

/// Calls `use` with a way to write a number as an element of `type`, and one to read it.
template <class Use>
void with_format(DataType type, Use use) {
  const auto narrow = [&use]<class Format>(Format) {
    using Stored = typename Format::Stored;
    use([](std::int64_t v) -> Stored { return Format::narrow(static_cast<float>(v)); },
        [](Stored v) { return static_cast<double>(Format::widen(v)); });
  };
  const auto plain = [&use]<class T>(T) {
    use([](std::int64_t v) { return static_cast<T>(v); },
        [](T v) { return static_cast<double>(v); });
  };
  switch (type) {
    case DataType::fp64:
      return plain(double{});
    case DataType::fp32:
      return plain(float{});
    case DataType::fp16:
      return narrow(kernels::Half{});
    case DataType::bf16:
      return narrow(kernels::Bfloat{});
    case DataType::fp8_e4m3:
      return narrow(kernels::E4m3{});
    default:
      throw InternalError("no product is made of such elements");
  }
}

/// Writes lines of neighbours, some at a time; `value(line, at)` is a whole number.
template <class Value>
void write_lines(device::Device& device, std::byte* to, DataType type, std::size_t lines,
                 std::size_t length, Value value) {
  constexpr std::size_t most_bytes = std::size_t{16} << 20;
  with_format(type, [&](auto stored, auto) {
    using Element = decltype(stored(0));
    const auto at_once = std::clamp<std::size_t>(most_bytes / (length * sizeof(Element)), 1, lines);
    std::vector<Element> some(at_once * length);
    for (std::size_t first = 0; first < lines; first += at_once) {
      const auto count = std::min(at_once, lines - first);
      auto* next = some.data();
      for (std::size_t line = first; line < first + count; ++line)
        for (std::size_t at = 0; at < length; ++at) *next++ = stored(value(line, at));
      device.put(to + first * length * sizeof(Element),
                 std::as_bytes(std::span(some).first(count * length)));
    }
  });
}

}  // namespace

GemmData::GemmData(const device::GemmCall& call, std::uint64_t seed)
    : call_(call),
      seed_a_(bench::mix(seed)),
      seed_b_(bench::mix(seed_a_)),
      largest_(largest_of(call.type)),
      pairs_(call.k / 2),
      left_over_(call.n) {
  for (std::size_t j = 0; j < call.n; ++j) {
    const auto hash = bench::mix(seed_b_ ^ bench::mix(j));
    left_over_[j] = {pairs_ == 0 ? 0 : static_cast<std::size_t>((hash >> 2) % pairs_),
                     sign_from(hash), sign_from(hash >> 1)};
  }
}

GemmData::Place GemmData::place_of(std::size_t l) const {
  const auto block = l / (2 * reach), at = l % (2 * reach);
  const auto half = std::min(2 * reach, call_.k - block * 2 * reach) / 2;
  if (at < half) return {block * reach + at, Half::first};
  if (at < 2 * half) return {block * reach + at - half, Half::second};
  return {pairs_, Half::unpaired};
}

std::int64_t GemmData::a_at(std::size_t row, std::size_t pair) const {
  return pick(bench::mix(seed_a_ + row * (pairs_ + 1) + pair), largest_);
}

std::int64_t GemmData::b_at(std::size_t pair, std::size_t column) const {
  return pick(bench::mix(seed_b_ + pair * call_.n + column), largest_ - 1);
}

double GemmData::a(std::size_t row, std::size_t column) const {
  return static_cast<double>(a_at(row, place_of(column).pair));
}

double GemmData::b(std::size_t row, std::size_t column) const {
  const auto place = place_of(row);
  const auto& left = left_over_[column];
  if (place.half == Half::unpaired) return left.unpaired_sign;
  const auto value = b_at(place.pair, column);
  if (place.half == Half::first) return static_cast<double>(value);
  return static_cast<double>((place.pair == left.pair ? left.sign : 0) - value);
}

double GemmData::expected(std::size_t row, std::size_t column) const {
  const auto& left = left_over_[column];
  std::int64_t sum = pairs_ == 0 ? 0 : left.sign * a_at(row, left.pair);
  if (call_.k % 2 != 0) sum += left.unpaired_sign * a_at(row, pairs_);
  return static_cast<double>(sum);
}

void GemmData::write_a(device::Device& to, std::byte* data) const {
  const auto type = device::info(call_.type).in;
  const auto value = [this](std::size_t i, std::size_t l) {
    return static_cast<std::int64_t>(a(i, l));
  };
  if (call_.a == device::Stored::by_rows)
    write_lines(to, data, type, call_.m, call_.k, value);
  else
    write_lines(to, data, type, call_.k, call_.m,
                [&](std::size_t l, std::size_t i) { return value(i, l); });
}

void GemmData::write_b(device::Device& to, std::byte* data) const {
  const auto type = device::info(call_.type).in;
  const auto value = [this](std::size_t l, std::size_t j) {
    return static_cast<std::int64_t>(b(l, j));
  };
  if (call_.b == device::Stored::by_rows)
    write_lines(to, data, type, call_.k, call_.n, value);
  else
    write_lines(to, data, type, call_.n, call_.k,
                [&](std::size_t j, std::size_t l) { return value(l, j); });
}

double element_value(DataType type, const std::byte* element) {
  double value = 0;
  with_format(type, [&](auto stored, auto read) {
    decltype(stored(0)) bits{};
    std::memcpy(&bits, element, sizeof bits);
    value = read(bits);
  });
  return value;
}

}  // namespace assay::benchmarks

// What the threads of a GPU do, one after the other: the same bytes as the host's kernels, wherever
// a buffer begins and a stream is entered, by any number of threads.
#include "kernels/grid.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <random>
#include <vector>

#include "tests/fakes/cuda/serial_launcher.hpp"

namespace assay::kernels {
namespace {

using fakes::SerialLauncher;

constexpr std::array all_ops{ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max,
                             ReduceOp::avg};

/// Bytes from a multiple of 16 plus `offset` on, with sentinels around.
class Arena {
 public:
  Arena(std::size_t bytes, std::size_t offset, std::uint64_t seed = 0)
      : raw_(bytes + offset + 64, sentinel), bytes_(bytes) {
    const auto address = reinterpret_cast<std::uintptr_t>(raw_.data());
    begin_ = raw_.data() + (32 - address % 16) + offset;
    std::mt19937_64 random(seed);
    if (seed != 0)
      for (std::size_t i = 0; i < bytes; ++i) begin_[i] = static_cast<std::byte>(random());
  }
  std::byte* data() { return begin_; }
  std::vector<std::byte> bytes() const { return {begin_, begin_ + bytes_}; }
  bool untouched_outside() const {
    const auto is_sentinel = [](std::byte byte) { return byte == sentinel; };
    const std::byte* begin = begin_;
    return std::all_of(raw_.data(), begin, is_sentinel) &&
           std::all_of(begin + bytes_, raw_.data() + raw_.size(), is_sentinel);
  }

 private:
  static constexpr std::byte sentinel{0x3c};
  std::vector<std::byte> raw_;
  std::size_t bytes_;
  std::byte* begin_ = nullptr;
};

Mismatch verify_serially(std::size_t threads, const void* data, const Pattern& pattern,
                         const Slice& slice) {
  Findings findings;
  SerialLauncher launcher(threads, &findings);
  verify_with(launcher, data, pattern, slice);
  return findings.mismatch(slice.count);
}

class EveryType : public testing::TestWithParam<DataTypeInfo> {};

TEST_P(EveryType, FillsAsTheHostDoes) {
  const auto& row = GetParam();
  const Pattern pattern = movement(row.type, 3, 17);
  for (const std::uint64_t first : {0ull, 1ull, 13ull, 16ull, (1ull << 40) - 3})
    for (const std::size_t count : {0u, 1u, 3u, 15u, 16u, 17u, 64u, 1000u})
      for (const std::size_t shift : {0u, 1u, 3u})
        for (const std::size_t threads : {1u, 7u, 256u}) {
          const Slice slice{.seed = 5, .first_index = first, .count = count};
          Arena got(count * row.bytes, shift * row.bytes), expected(count * row.bytes, 0);
          SerialLauncher launcher(threads);
          fill_with(launcher, got.data(), pattern, slice);
          fill(expected.data(), pattern, slice);
          ASSERT_EQ(got.bytes(), expected.bytes()) << count << " from " << first;
          ASSERT_TRUE(got.untouched_outside());
          ASSERT_EQ(verify_serially(threads, got.data(), pattern, slice).wrong, 0u);
        }
}

TEST_P(EveryType, SeesEveryFlippedBitWhereItIs) {
  const auto& row = GetParam();
  constexpr std::size_t count = 16 * 9 + 5;
  const Pattern pattern = reduction(row.type, ReduceOp::sum, 4, 1);
  const Slice slice{.seed = 5, .first_index = 11, .count = count};
  Arena arena(count * row.bytes, row.bytes);
  fill(arena.data(), pattern, slice);
  for (std::size_t bit = 0; bit < 8 * count * row.bytes; ++bit) {
    const std::byte mask{static_cast<unsigned char>(1u << bit % 8)};
    arena.data()[bit / 8] ^= mask;
    const Mismatch found = verify_serially(7, arena.data(), pattern, slice);
    ASSERT_EQ(found.wrong, 1u) << bit;
    ASSERT_EQ(found.first, bit / 8 / row.bytes);
    arena.data()[bit / 8] ^= mask;
  }
}

TEST_P(EveryType, CountsAllAndNamesTheFirst) {
  const auto& row = GetParam();
  constexpr std::size_t count = 3000;
  const Pattern pattern = movement(row.type, 0, 1);
  const Slice slice{.seed = 5, .first_index = 3, .count = count};
  Arena arena(count * row.bytes, 0);
  fill(arena.data(), pattern, slice);
  for (const std::size_t i : {2000u, 421u, 422u, 2999u, 2001u})
    arena.data()[i * row.bytes] ^= std::byte{1};
  const Mismatch found = verify_serially(100, arena.data(), pattern, slice);
  EXPECT_EQ(found.wrong, 5u);
  EXPECT_EQ(found.first, 421u);
}

TEST_P(EveryType, ToleratesInAveragesWhatTheHostDoes) {
  const auto& row = GetParam();
  constexpr std::size_t count = 200;
  const Pattern pattern = reduction(row.type, ReduceOp::avg, 3, 1);
  const Slice slice{.seed = 5, .first_index = 0, .count = count};
  for (int away = 0; away < 5; ++away) {
    Arena arena(count * row.bytes, 0);
    fill(arena.data(), pattern, slice);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, arena.data() + i * row.bytes, row.bytes);
      word += static_cast<std::uint64_t>(away);
      std::memcpy(arena.data() + i * row.bytes, &word, row.bytes);
    }
    const Mismatch expected = verify(arena.data(), pattern, slice);
    const Mismatch found = verify_serially(7, arena.data(), pattern, slice);
    EXPECT_EQ(found.wrong, expected.wrong) << away;
    EXPECT_EQ(found.first, expected.first) << away;
  }
}

bool is_nan(DataType type, const std::byte* element) {
  return with_format<Half>(type, [&](auto format) {
    typename decltype(format)::Stored stored{};
    std::memcpy(&stored, element, sizeof stored);
    const auto value = format.widen(stored);
    return value != value;
  });
}

/// Equal bits, or both NaN: which NaN is nobody's promise.
void expect_same(DataType type, const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  const std::size_t width = size_of(type);
  for (std::size_t i = 0; i < a.size(); i += width) {
    if (is_nan(type, &a[i]) && is_nan(type, &b[i])) continue;
    ASSERT_EQ(std::memcmp(&a[i], &b[i], width), 0) << name(type) << " element " << i / width;
  }
}

TEST_P(EveryType, ReducesAndDividesAsTheHostDoes) {
  const auto& row = GetParam();
  for (const ReduceOp op : all_ops)
    for (const std::size_t count : {0u, 1u, 17u, 517u})
      for (const std::size_t shift : {0u, 1u})
        for (const std::size_t in_shift : {0u, 1u}) {
          Arena got(count * row.bytes, shift * row.bytes, 7),
              in(count * row.bytes, in_shift * row.bytes, 8);
          auto expected = got.bytes();
          SerialLauncher launcher(7);
          reduce_with(launcher, got.data(), in.data(), count, row.type, op);
          reduce(expected.data(), in.data(), count, row.type, op);
          expect_same(row.type, got.bytes(), expected);
          divide_with(launcher, got.data(), count, row.type, 3);
          divide(expected.data(), count, row.type, 3);
          expect_same(row.type, got.bytes(), expected);
          ASSERT_TRUE(got.untouched_outside());
        }
}

INSTANTIATE_TEST_SUITE_P(Grid, EveryType, testing::ValuesIn(data_types),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(Grid, CopiesAndTriads) {
  for (const std::size_t count : {0u, 1u, 2u, 1001u}) {
    Arena a(count * 8, 0), b(count * 8, 0), c(count * 8, 0);
    const auto doubles = [](Arena& arena) { return reinterpret_cast<double*>(arena.data()); };
    for (std::size_t i = 0; i < count; ++i) {
      doubles(b)[i] = static_cast<double>(i) / 3;
      doubles(c)[i] = static_cast<double>(i) / 7;
    }
    SerialLauncher launcher(5);
    const Triad triad_body{doubles(a), doubles(b), doubles(c), 0.1, count};
    launcher.run(triad_body, triad_body.split().units());
    for (std::size_t i = 0; i < count; ++i) {
      volatile double product = 0.1 * doubles(c)[i];  // no fused multiply-add
      ASSERT_EQ(doubles(a)[i], doubles(b)[i] + product);
    }
    const Copy copy_body{doubles(a), doubles(b), count};
    launcher.run(copy_body, copy_body.split().units());
    EXPECT_EQ(a.bytes(), b.bytes());
    EXPECT_TRUE(a.untouched_outside());
  }
}

}  // namespace
}  // namespace assay::kernels

// reduce and divide: the same bits from every instruction set, right rounding, NaN kept.
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/instruction_set.hpp"
#include "kernels/kernels.hpp"

namespace assay::kernels {
namespace {

constexpr std::array all_ops{ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max,
                             ReduceOp::avg};

std::vector<std::byte> random_bytes(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::byte> data(bytes);
  for (auto& byte : data) byte = static_cast<std::byte>(random());
  return data;
}

bool is_nan(DataType type, const std::byte* element) {
  if (!info(type).floating) return false;
  std::uint64_t word = 0;
  std::memcpy(&word, element, size_of(type));
  const auto bits = static_cast<int>(8 * size_of(type));
  const std::uint64_t magnitude = word & (~std::uint64_t{0} >> (65 - bits));
  const int mantissa = info(type).significand - 1;
  if (type == DataType::fp8_e4m3) return magnitude == 0x7f;
  const std::uint64_t infinity = (~std::uint64_t{0} >> (65 - bits)) >> mantissa << mantissa;
  return magnitude > infinity;
}

/// Equal bits, or both NaN: which NaN is nobody's promise.
void expect_same(DataType type, const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  const std::size_t width = size_of(type);
  for (std::size_t i = 0; i < a.size(); i += width) {
    if (is_nan(type, &a[i]) && is_nan(type, &b[i])) continue;
    ASSERT_EQ(std::memcmp(&a[i], &b[i], width), 0) << name(type) << " element " << i / width;
  }
}

class EverySet : public testing::TestWithParam<const InstructionSet*> {};

TEST_P(EverySet, EqualsBaselineOnRandomBits) {
  for (const auto& row : data_types)
    for (const ReduceOp op : all_ops)
      for (const std::size_t count : {0u, 1u, 15u, 16u, 17u, 4099u}) {
        const auto in = random_bytes(count * row.bytes, 2);
        auto expected = random_bytes(count * row.bytes, 1);
        auto got = expected;
        baseline_set.reduce(expected.data(), in.data(), count, row.type, op);
        GetParam()->reduce(got.data(), in.data(), count, row.type, op);
        expect_same(row.type, expected, got);
        baseline_set.divide(expected.data(), count, row.type, 7);
        GetParam()->divide(got.data(), count, row.type, 7);
        expect_same(row.type, expected, got);
      }
}

TEST_P(EverySet, ConvertsEveryHalfThereAndBack) {
  std::vector<std::uint16_t> all(65536), zero(65536, 0);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  for (const DataType type : {DataType::fp16, DataType::bf16}) {
    auto got = all;
    GetParam()->divide(got.data(), got.size(), type, 1);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto* element = reinterpret_cast<const std::byte*>(&all[i]);
      if (is_nan(type, element)) {
        ASSERT_TRUE(is_nan(type, reinterpret_cast<const std::byte*>(&got[i])));
      } else {
        ASSERT_EQ(got[i], all[i]) << name(type);
      }
    }
  }
}

std::uint16_t add(const InstructionSet& set, DataType type, unsigned a, unsigned b) {
  auto acc = static_cast<std::uint16_t>(a);
  const auto in = static_cast<std::uint16_t>(b);
  set.reduce(&acc, &in, 1, type, ReduceOp::sum);
  return acc;
}

TEST_P(EverySet, RoundsToNearestEven) {
  const InstructionSet& set = *GetParam();
  constexpr auto fp16 = DataType::fp16, bf16 = DataType::bf16;
  EXPECT_EQ(add(set, fp16, 0x6800, 0x3c00), 0x6800);  // 2048 + 1: tie to even, down
  EXPECT_EQ(add(set, fp16, 0x6801, 0x3c00), 0x6802);  // 2050 + 1: tie to even, up
  EXPECT_EQ(add(set, fp16, 0x7bff, 0x4b80), 0x7bff);  // 65504 + 15: below the tie
  EXPECT_EQ(add(set, fp16, 0x7bff, 0x4c00), 0x7c00);  // 65504 + 16: infinity
  EXPECT_EQ(add(set, fp16, 0x0001, 0x0001), 0x0002);  // subnormals
  EXPECT_EQ(add(set, fp16, 0x03ff, 0x0001), 0x0400);  // subnormal to normal
  EXPECT_EQ(add(set, fp16, 0x3c00, 0xbc00), 0x0000);
  EXPECT_EQ(add(set, bf16, 0x4380, 0x3f80), 0x4380);  // 256 + 1: tie to even, down
  EXPECT_EQ(add(set, bf16, 0x4381, 0x3f80), 0x4382);  // 258 + 1: tie to even, up
  EXPECT_EQ(add(set, bf16, 0x7f7f, 0x7f7f), 0x7f80);
}

TEST_P(EverySet, KeepsNanApartFromInfinity) {
  const InstructionSet& set = *GetParam();
  for (const unsigned nan : {0x7f81u, 0x7fffu, 0xffffu, 0xff81u}) {
    const std::uint16_t sum = add(set, DataType::bf16, nan, 0x3f80);
    EXPECT_GT(sum & 0x7fff, 0x7f80);
  }
  for (const unsigned nan : {0x7c01u, 0x7fffu, 0xffffu, 0xfc01u}) {
    const std::uint16_t sum = add(set, DataType::fp16, nan, 0x3c00);
    EXPECT_GT(sum & 0x7fff, 0x7c00);
  }
}

TEST_P(EverySet, WrapsIntegers) {
  std::array<std::int32_t, 2> acc{std::numeric_limits<std::int32_t>::max(), -7};
  const std::array<std::int32_t, 2> in{1, 3};
  GetParam()->reduce(acc.data(), in.data(), 2, DataType::int32, ReduceOp::sum);
  EXPECT_THAT(acc, testing::ElementsAre(std::numeric_limits<std::int32_t>::min(), -4));
  std::array<std::uint8_t, 1> small{200};
  const std::array<std::uint8_t, 1> by{3};
  GetParam()->reduce(small.data(), by.data(), 1, DataType::uint8, ReduceOp::prod);
  EXPECT_EQ(small[0], 600 % 256);
}

TEST_P(EverySet, DividesTowardZero) {
  std::array<std::int8_t, 4> data{7, -7, 127, -128};
  GetParam()->divide(data.data(), data.size(), DataType::int8, 2);
  EXPECT_THAT(data, testing::ElementsAre(3, -3, 63, -64));
  std::array<std::uint8_t, 1> beyond{255};
  GetParam()->divide(beyond.data(), 1, DataType::uint8, 256);
  EXPECT_EQ(beyond[0], 0);
  std::array<float, 1> exact{3.0f};
  GetParam()->divide(exact.data(), 1, DataType::fp32, 16777217);  // no float
  EXPECT_EQ(exact[0], static_cast<float>(3.0 / 16777217.0));
}

std::vector<const InstructionSet*> available_sets() {
  std::vector<const InstructionSet*> sets;
  for (const InstructionSet* const* set = instruction_sets(); *set != nullptr; ++set)
    sets.push_back(*set);
  return sets;
}

INSTANTIATE_TEST_SUITE_P(Reduce, EverySet, testing::ValuesIn(available_sets()),
                         [](const auto& param) { return std::string(param.param->name); });

}  // namespace
}  // namespace assay::kernels

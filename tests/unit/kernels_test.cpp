// fill and verify: every instruction set writes the same bytes, and nothing wrong goes unseen.
#include "kernels/kernels.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

#include "kernels/instruction_set.hpp"

namespace assay::kernels {
namespace {

using testing::Each;

std::vector<std::string> available_sets() {
  std::vector<std::string> names;
  for (const InstructionSet* const* set = instruction_sets(); *set != nullptr; ++set)
    names.emplace_back((*set)->name);
  return names;
}

std::vector<DataType> one_type_per_width() {
  return {DataType::uint8, DataType::bf16, DataType::fp32, DataType::int64};
}

/// Bytes with sentinels around them, aligned to 64 plus `shift` elements.
class Arena {
 public:
  Arena(std::size_t bytes, std::size_t offset)
      : bytes_(bytes), raw_(bytes + offset + 256, sentinel) {
    const auto address = reinterpret_cast<std::uintptr_t>(raw_.data());
    begin_ = raw_.data() + (64 - address % 64) + 64 + offset;
  }
  std::byte* data() { return begin_; }
  bool untouched_outside() const {
    for (const std::byte* p = raw_.data(); p < begin_; ++p)
      if (*p != sentinel) return false;
    for (const std::byte* p = begin_ + bytes_; p < raw_.data() + raw_.size(); ++p)
      if (*p != sentinel) return false;
    return true;
  }

 private:
  static constexpr std::byte sentinel{0x3c};
  std::size_t bytes_;
  std::vector<std::byte> raw_;
  std::byte* begin_ = nullptr;
};

class EverySet : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(use_instruction_set(GetParam())); }
  void TearDown() override { use_instruction_set(available_sets().front()); }
};

TEST_P(EverySet, WritesWhatTheDefinitionSaysAndNothingBeyond) {
  for (const DataType type : one_type_per_width()) {
    const Pattern pattern = movement(type, 3, 17);
    const std::size_t width = size_of(type);
    for (const std::uint64_t first :
         {0ull, 1ull, 15ull, 16ull, 1023ull, (1ull << 32) + 7, (1ull << 40) - 3})
      for (const std::size_t count :
           {0u, 1u, 2u, 15u, 16u, 17u, 31u, 63u, 64u, 65u, 1023u, 1024u, 1025u, 1055u, 3000u})
        for (const std::size_t shift : {0u, 1u, 5u}) {
          Arena arena(count * width, shift * width);
          fill(arena.data(), pattern, {.seed = 5, .first_index = first, .count = count});
          for (std::size_t i = 0; i < count; ++i)
            ASSERT_EQ(std::memcmp(arena.data() + i * width,
                                  &pattern.entries[pattern_entry(5, first + i)], width),
                      0)
                << name(type) << " element " << i << " of " << count << " from " << first;
          ASSERT_TRUE(arena.untouched_outside());
          ASSERT_EQ(verify(arena.data(), pattern, {5, first, count}).wrong, 0u);
        }
  }
}

TEST_P(EverySet, SeesEveryFlippedBit) {
  constexpr std::size_t count = 16 * 64 + 16 * 5 + 9;
  for (const DataType type : one_type_per_width()) {
    const Pattern pattern = reduction(type, ReduceOp::sum, 4, 1);
    const std::size_t width = size_of(type);
    const Slice slice{.seed = 5, .first_index = 11, .count = count};
    Arena arena(count * width, 0);
    fill(arena.data(), pattern, slice);
    for (std::size_t bit = 0; bit < 8 * count * width; bit += bit < 2000 ? 1 : 37) {
      const std::byte mask{static_cast<unsigned char>(1u << bit % 8)};
      arena.data()[bit / 8] ^= mask;
      const Mismatch found = verify(arena.data(), pattern, slice);
      ASSERT_EQ(found.wrong, 1u) << name(type) << " bit " << bit;
      ASSERT_EQ(found.first, bit / 8 / width);
      arena.data()[bit / 8] ^= mask;
    }
  }
}

TEST_P(EverySet, CountsAllAndLocatesTheFirst) {
  const Pattern pattern = movement(DataType::fp32, 0, 1);
  constexpr std::size_t count = 100000;
  Arena arena(count * 4, 0);
  const Slice slice{.seed = 5, .first_index = 3, .count = count};
  fill(arena.data(), pattern, slice);
  for (const std::size_t i : {70000u, 4321u, 4322u, 99999u, 70001u})
    arena.data()[i * 4] ^= std::byte{1};
  const Mismatch found = verify(arena.data(), pattern, slice);
  EXPECT_EQ(found.wrong, 5u);
  EXPECT_EQ(found.first, 4321u);
}

TEST_P(EverySet, SeesDataThatIsNotThisData) {
  for (const auto& row : data_types) {
    constexpr std::size_t count = 4096;
    const Slice slice{.seed = 5, .first_index = 0, .count = count};
    const Pattern pattern = movement(row.type, 0, 1);
    Arena arena((count + 1) * row.bytes, 0);
    const auto wrong_after_fill = [&](const Pattern& other, Slice made) {
      fill(arena.data(), other, made);
      return verify(arena.data(), pattern, slice).wrong;
    };
    EXPECT_EQ(wrong_after_fill(movement(row.type, 1, 1), slice), count) << "another rank's data";
    EXPECT_GT(wrong_after_fill(pattern, {6, 0, count}), count * 9 / 10) << "stale: another seed";
    EXPECT_GT(wrong_after_fill(pattern, {5, 1, count}), count * 9 / 10) << "shifted by one";
    EXPECT_GT(wrong_after_fill(pattern, {5, 1ull << 32, count}), count * 9 / 10) << "32-bit index";
    EXPECT_EQ(wrong_after_fill(pattern, {5, 0, count - 1}), 1u) << "short write over other data";
  }
}

TEST_P(EverySet, SeesAShortWriteOverPoison) {
  for (const auto& row : data_types) {
    constexpr std::size_t count = 5000, written = 4711;
    const Pattern pattern = reduction(row.type, ReduceOp::sum, 8, 1);
    Arena arena(count * row.bytes, 0);
    std::memset(arena.data(), 0xff, count * row.bytes);
    fill(arena.data(), pattern, {.seed = 5, .first_index = 0, .count = written});
    const Mismatch found = verify(arena.data(), pattern, {5, 0, count});
    EXPECT_GE(found.first, written);
    EXPECT_LE(found.first, written + 3);  // integers: −1 may be an entry
    EXPECT_GT(found.wrong, (count - written) * 4 / 5);
  }
}

TEST_P(EverySet, StreamsLargeBuffersToTheSameBytes) {
  const Pattern pattern = movement(DataType::fp64, 0, 1);
  constexpr std::size_t count = (std::size_t{40} << 20) / 8 + 3;
  Arena arena(count * 8, 0);
  const Slice slice{.seed = 5, .first_index = 8, .count = count};
  fill(arena.data(), pattern, slice);
  EXPECT_TRUE(arena.untouched_outside());
  EXPECT_EQ(verify(arena.data(), pattern, slice).wrong, 0u);
  use_instruction_set("baseline");
  EXPECT_EQ(verify(arena.data(), pattern, slice).wrong, 0u);
}

TEST_P(EverySet, CopiesAndTriads) {
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 1000u}) {
    std::vector<double> a(count + 1, -1.0), b(count), c(count);
    for (std::size_t i = 0; i < count; ++i) {
      b[i] = static_cast<double>(i) / 3;
      c[i] = static_cast<double>(i) / 7;
    }
    triad(a.data(), b.data(), c.data(), 0.1, count);
    for (std::size_t i = 0; i < count; ++i) {
      volatile double product = 0.1 * c[i];  // no fused multiply-add
      ASSERT_EQ(a[i], b[i] + product);
    }
    copy(a.data(), b.data(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(a[i], b[i]);
    ASSERT_EQ(a[count], -1.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EverySet, testing::ValuesIn(available_sets()),
                         [](const auto& param) { return param.param; });

/// One element against an average of 1.0 with tolerance 2.
std::uint64_t wrong_bits(DataType type, std::uint64_t expected, std::uint64_t actual) {
  Pattern pattern{.type = type, .tolerance_ulp = 2};
  pattern.entries.fill(expected);
  return verify(&actual, pattern, {.seed = 0, .first_index = 0, .count = 1}).wrong;
}

TEST(Tolerance, CountsRepresentableNumbers) {
  constexpr std::uint64_t one = 0x3f800000;
  EXPECT_EQ(wrong_bits(DataType::fp32, one, one + 2), 0u);
  EXPECT_EQ(wrong_bits(DataType::fp32, one, one + 3), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp32, one, one - 2), 0u);
  EXPECT_EQ(wrong_bits(DataType::fp32, one, one - 3), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp32, one, one | 0x80000000), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp16, 0x3c00, 0x3c02), 0u);
  EXPECT_EQ(wrong_bits(DataType::bf16, 0x3f80, 0x3f83), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp64, 0x3ff0000000000000, 0x3feffffffffffffe), 0u);
  EXPECT_EQ(wrong_bits(DataType::fp64, 0x3ff0000000000000, 0xbff0000000000000), 1u);
}

TEST(Tolerance, CrossesZeroButNeverReachesANan) {
  EXPECT_EQ(wrong_bits(DataType::fp32, 0x00000001, 0x80000001), 0u);
  EXPECT_EQ(wrong_bits(DataType::fp32, 0x00000001, 0x80000002), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp32, 0x7f800000, 0x7f800001), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp32, 0x3f800000, 0x7fc00000), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp64, 0x7fefffffffffffff, 0x8000000000000000), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp8_e4m3, 0x7c, 0x7e), 0u) << "448 is a number";
  EXPECT_EQ(wrong_bits(DataType::fp8_e4m3, 0x7e, 0x7f), 1u);
  EXPECT_EQ(wrong_bits(DataType::fp8_e5m2, 0x7c, 0x7d), 1u);
}

TEST(Tolerance, IsNotForIntegers) { EXPECT_EQ(wrong_bits(DataType::int32, 5, 6), 1u); }

TEST(Tolerance, HoldsInTheMiddleOfALargeBuffer) {
  Pattern pattern = reduction(DataType::fp32, ReduceOp::avg, 3, 1);
  std::vector<std::uint32_t> data(10000);
  fill(data.data(), pattern, {.seed = 1, .first_index = 0, .count = data.size()});
  for (auto& word : data) word += 2;
  EXPECT_EQ(verify(data.data(), pattern, {1, 0, data.size()}).wrong, 0u);
  data[7777] += 1;
  const Mismatch found = verify(data.data(), pattern, {1, 0, data.size()});
  EXPECT_EQ(found.wrong, 1u);
  EXPECT_EQ(found.first, 7777u);
}

TEST(InstructionSets, AreChosenByName) {
  const auto names = available_sets();
  EXPECT_EQ(names.back(), "baseline");
  EXPECT_EQ(instruction_set(), names.front());
  EXPECT_TRUE(use_instruction_set("baseline"));
  EXPECT_EQ(instruction_set(), "baseline");
  EXPECT_FALSE(use_instruction_set("mmx"));
  EXPECT_EQ(instruction_set(), "baseline");
  EXPECT_TRUE(use_instruction_set(names.front()));
}

}  // namespace
}  // namespace assay::kernels

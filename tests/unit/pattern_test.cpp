// The tables: what ranks contribute adds up to what they must receive, in the type itself, in any
// order; and a rank that is missing, doubled or swapped changes something.
#include "kernels/pattern.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "kernels/kernels.hpp"
#include "kernels/pattern_hash.hpp"

namespace assay::kernels {
namespace {

constexpr std::array all_ops{ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max,
                             ReduceOp::avg};

/// Sixteen elements as they lie in memory.
struct Elements {
  alignas(64) std::array<std::byte, 16 * 8> bytes{};
};
Elements pack(const Pattern& pattern) {
  Elements elements;
  const std::size_t width = size_of(pattern.type);
  for (std::size_t e = 0; e < pattern_entries; ++e)
    std::memcpy(elements.bytes.data() + e * width, &pattern.entries[e], width);
  return elements;
}
std::uint64_t element(const Elements& elements, DataType type, std::size_t entry) {
  std::uint64_t word = 0;
  std::memcpy(&word, elements.bytes.data() + entry * size_of(type), size_of(type));
  return word;
}

std::vector<Elements> contributions(DataType type, ReduceOp op, int ranks, std::uint64_t seed) {
  std::vector<Elements> all;
  for (int r = 0; r < ranks; ++r) all.push_back(pack(contribution(type, op, ranks, r, seed)));
  return all;
}

/// Combines in the type itself, always two at random: neither a chain nor a balanced tree.
Elements reduce_at_random(std::vector<Elements> left, DataType type, ReduceOp op,
                          std::mt19937_64& random) {
  const int ranks = static_cast<int>(left.size());
  while (left.size() > 1) {
    std::swap(left[random() % left.size()], left.back());
    const Elements last = left.back();
    left.pop_back();
    reduce(left[random() % left.size()].bytes.data(), last.bytes.data(), pattern_entries, type, op);
  }
  if (op == ReduceOp::avg) divide(left[0].bytes.data(), pattern_entries, type, ranks);
  return left[0];
}

/// Reads a floating element of any type.
double value_of(DataType type, std::uint64_t word) {
  if (type == DataType::fp64) return std::bit_cast<double>(word);
  if (type == DataType::fp32) return std::bit_cast<float>(static_cast<std::uint32_t>(word));
  if (type == DataType::bf16) return std::bit_cast<float>(static_cast<std::uint32_t>(word) << 16);
  // sign, exponent, fraction; none of these is infinite or NaN here
  const int bits = static_cast<int>(8 * size_of(type)), digits = info(type).significand - 1;
  const int bias = type == DataType::fp8_e4m3 ? 7 : 15;
  const double sign = (word >> (bits - 1) & 1) != 0 ? -1.0 : 1.0;
  const auto exponent = static_cast<int>(word >> digits & ((1u << (bits - 1 - digits)) - 1));
  const auto fraction = static_cast<double>(word & ((1u << digits) - 1));
  return sign * (exponent == 0
                     ? std::ldexp(fraction, 1 - bias - digits)
                     : std::ldexp(std::ldexp(1, digits) + fraction, exponent - bias - digits));
}

/// Whether `rank` contributes something other than zero in some entry.
bool counts(DataType type, ReduceOp op, int ranks, int rank, std::uint64_t seed) {
  const auto entries = contribution(type, op, ranks, rank, seed).entries;
  return std::any_of(entries.begin(), entries.end(), [](std::uint64_t word) { return word != 0; });
}
std::set<int> ranks_that_count(DataType type, ReduceOp op, int ranks, std::uint64_t seed = 11) {
  std::set<int> all;
  for (int r = 0; r < ranks; ++r)
    if (counts(type, op, ranks, r, seed)) all.insert(r);
  return all;
}

class EveryTypeAndRanks : public testing::TestWithParam<std::tuple<DataTypeInfo, int>> {};

TEST_P(EveryTypeAndRanks, ReducesToTheExpectationInAnyOrder) {
  const auto& [info, ranks] = GetParam();
  std::mt19937_64 random(7);
  for (const ReduceOp op : all_ops)
    for (const std::uint64_t seed : {0u, 1u, 991u}) {
      if (ranks > 1000 && seed != 1) continue;  // keeps the test short
      const Pattern expected = reduction(info.type, op, ranks, seed);
      const Elements got =
          reduce_at_random(contributions(info.type, op, ranks, seed), info.type, op, random);
      for (std::size_t e = 0; e < pattern_entries; ++e)
        ASSERT_EQ(element(got, info.type, e), expected.entries[e])
            << info.name << ' ' << name(op) << ' ' << ranks << " ranks, seed " << seed << ", entry "
            << e;
    }
}

TEST_P(EveryTypeAndRanks, SeesAMissingAndADoubledRank) {
  const auto& [info, ranks] = GetParam();
  if (ranks == 1 || ranks > 64) return;  // beyond: see EveryRankCounts
  std::mt19937_64 random(7);
  for (const ReduceOp op : {ReduceOp::sum, ReduceOp::prod, ReduceOp::avg}) {
    const Elements expected = pack(reduction(info.type, op, ranks, 5));
    const auto all = contributions(info.type, op, ranks, 5);
    for (std::size_t victim = 0; victim < all.size(); ++victim) {
      if (!counts(info.type, op, ranks, static_cast<int>(victim), 5)) continue;
      auto without = all;
      without[victim] = pack(Pattern{.type = info.type});
      if (op == ReduceOp::prod) without.erase(without.begin() + static_cast<long>(victim));
      auto twice = all;
      reduce(twice[victim].bytes.data(), all[victim].bytes.data(), pattern_entries, info.type, op);
      // verify() with its tolerance would have to see it, not only a comparison of bits: entries
      // are laid out by the pattern's own stream.
      for (const auto& faulty : {without, twice}) {
        Pattern wrong{.type = info.type};
        const Elements got = reduce_at_random(faulty, info.type, op, random);
        for (std::size_t e = 0; e < pattern_entries; ++e)
          wrong.entries[e] = element(got, info.type, e);
        std::array<std::byte, 512 * 8> data;
        fill(data.data(), wrong, {.seed = 3, .first_index = 0, .count = 512});
        EXPECT_GT(verify(data.data(), reduction(info.type, op, ranks, 5),
                         {.seed = 3, .first_index = 0, .count = 512})
                      .wrong,
                  0u)
            << info.name << ' ' << name(op) << ": rank " << victim << " of " << ranks;
      }
    }
    ASSERT_EQ(reduce_at_random(all, info.type, op, random).bytes, expected.bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Pattern, EveryTypeAndRanks,
                         testing::Combine(testing::ValuesIn(data_types),
                                          testing::Values(1, 2, 3, 5, 8, 17, 64, 127, 128, 300,
                                                          1024, 8192)),
                         [](const auto& param) {
                           return std::string(std::get<0>(param.param).name) + "_" +
                                  std::to_string(std::get<1>(param.param));
                         });

TEST(Pattern, EveryRankCountsWhereTheTypeHasRoom) {
  EXPECT_EQ(ranks_that_count(DataType::fp64, ReduceOp::sum, 100000).size(), 100000u);
  EXPECT_EQ(ranks_that_count(DataType::fp32, ReduceOp::sum, 100000).size(), 100000u);
  EXPECT_EQ(ranks_that_count(DataType::fp16, ReduceOp::sum, 32000).size(), 32000u);
  EXPECT_EQ(ranks_that_count(DataType::bf16, ReduceOp::sum, 4000).size(), 4000u);
  EXPECT_EQ(ranks_that_count(DataType::fp32, ReduceOp::avg, 100000).size(), 100000u);
  EXPECT_EQ(ranks_that_count(DataType::bf16, ReduceOp::avg, 400).size(), 400u);
  EXPECT_EQ(ranks_that_count(DataType::int32, ReduceOp::avg, 100000).size(), 100000u);
  EXPECT_EQ(ranks_that_count(DataType::int8, ReduceOp::avg, 40).size(), 40u);
}

TEST(Pattern, WhereItHasNoneAsManyCountAsPossibleAndTheSeedDecidesWhich) {
  const auto some = ranks_that_count(DataType::bf16, ReduceOp::sum, 100000, 1);
  EXPECT_GE(some.size(), 16u * 254);
  EXPECT_LE(some.size(), 16u * 255);
  EXPECT_NE(some, ranks_that_count(DataType::bf16, ReduceOp::sum, 100000, 2));
  EXPECT_EQ(ranks_that_count(DataType::int8, ReduceOp::avg, 64).size(), 16u);
}

TEST(Pattern, EveryRankIsNegativeInSomeProduct) {
  for (int r = 0; r < 4000; ++r) {
    const auto entries = contribution(DataType::bf16, ReduceOp::prod, 4000, r, 3).entries;
    ASSERT_TRUE(std::any_of(entries.begin(), entries.end(),
                            [](std::uint64_t word) { return (word & 0x8000) != 0; }));
  }
}

TEST(Pattern, AbsoluteSumsStayBelowTwoToTheSignificand) {
  for (const auto& row : data_types) {
    if (!row.floating) continue;
    for (const int ranks : {1, 2, 3, 8, 250, 255, 256, 257, 2047, 2048, 5000})
      for (std::size_t e = 0; e < pattern_entries; ++e) {
        double total = 0;
        for (int r = 0; r < ranks; ++r) {
          const double x =
              value_of(row.type, contribution(row.type, ReduceOp::sum, ranks, r, 1).entries[e]);
          ASSERT_EQ(x, std::trunc(x));
          total += std::fabs(x);
        }
        ASSERT_LT(total, std::ldexp(1.0, row.significand)) << row.name << ' ' << ranks;
        ASSERT_GT(total, 0.0);
      }
  }
}

TEST(Pattern, IntegerSumsNeverOverflow) {
  for (const auto& row : data_types) {
    if (row.floating) continue;
    const bool sign = row.name[0] == 'i';
    const auto bits = static_cast<int>(8 * row.bytes);
    const double largest = std::ldexp(1.0, bits - (sign ? 1 : 0));
    for (const ReduceOp op : {ReduceOp::sum, ReduceOp::avg})
      for (const int ranks : {1, 2, 3, 126, 127, 128, 255, 256, 3000})
        for (std::size_t e = 0; e < pattern_entries; ++e) {
          double total = 0;
          for (int r = 0; r < ranks; ++r) {
            const std::uint64_t word = contribution(row.type, op, ranks, r, 1).entries[e];
            const auto value = static_cast<std::int64_t>(word << (64 - bits)) >> (64 - bits);
            total += sign ? std::fabs(static_cast<double>(value)) : static_cast<double>(word);
          }
          ASSERT_LT(total, largest) << row.name << ' ' << name(op) << ' ' << ranks;
          ASSERT_GT(total, 0.0);
        }
  }
}

TEST(Pattern, ExponentsOfEverySubsetOfAProductAreInRange) {
  // Sums of all positive and of all negative exponents bound those of every subset.
  for (const auto& row : data_types) {
    if (!row.floating) continue;
    const int range = row.type == DataType::fp8_e4m3                                 ? 6
                      : row.type == DataType::fp16 || row.type == DataType::fp8_e5m2 ? 14
                      : row.type == DataType::fp64                                   ? 1022
                                                                                     : 126;
    for (const int ranks : {1, 2, 13, 14, 15, 127, 1024, 3000})
      for (std::size_t e = 0; e < pattern_entries; ++e) {
        int up = 0, down = 0, mantissas = 0;
        for (int r = 0; r < ranks; ++r) {
          const double x =
              value_of(row.type, contribution(row.type, ReduceOp::prod, ranks, r, 1).entries[e]);
          int exponent = 0;
          mantissas += std::fabs(std::frexp(x, &exponent)) != 0.5;
          (exponent - 1 > 0 ? up : down) += exponent - 1;
        }
        ASSERT_LE(up - down, range) << row.name << ' ' << ranks;
        ASSERT_EQ(mantissas, 1);
      }
  }
}

TEST(Pattern, ExtremesAreFiniteAndEachEntryHasItsOwn) {
  for (const auto& row : data_types)
    for (const ReduceOp op : {ReduceOp::min, ReduceOp::max}) {
      const auto entries = reduction(row.type, op, 5000, 9).entries;
      EXPECT_EQ(std::set<std::uint64_t>(entries.begin(), entries.end()).size(), pattern_entries)
          << row.name;
      if (!row.floating) continue;
      for (const std::uint64_t word : entries) {
        EXPECT_TRUE(std::isfinite(value_of(row.type, word)));
        EXPECT_NE(value_of(row.type, word), 0.0);
      }
    }
}

TEST(Pattern, MinAndMaxOfManyRanksDiffer) {
  for (const auto& row : data_types)
    EXPECT_NE(reduction(row.type, ReduceOp::min, 4, 9).entries,
              reduction(row.type, ReduceOp::max, 4, 9).entries)
        << row.name;
}

TEST(Pattern, KnownAverages) {
  // One active rank of three: −1·2^k/3 and its like, rounded to nearest by hand.
  const auto nearest = [](double x, DataType type) {
    float best = 0;
    for (std::uint64_t word = 0; word < 65536; ++word) {
      const double candidate = value_of(type, word);
      if (std::isfinite(candidate) && std::fabs(candidate - x) < std::fabs(best - x))
        best = static_cast<float>(candidate);
    }
    return best;
  };
  for (const DataType type : {DataType::fp16, DataType::bf16})
    for (std::size_t e = 0; e < pattern_entries; ++e) {
      double sum = 0;
      for (int r = 0; r < 3; ++r)
        sum += value_of(type, contribution(type, ReduceOp::avg, 3, r, 1).entries[e]);
      EXPECT_EQ(value_of(type, reduction(type, ReduceOp::avg, 3, 1).entries[e]),
                nearest(sum / 3, type));
    }
}

TEST(Pattern, OnlyFloatingAveragesAreTolerant) {
  for (const auto& row : data_types)
    for (const ReduceOp op : all_ops)
      EXPECT_EQ(reduction(row.type, op, 3, 1).tolerance_ulp,
                op == ReduceOp::avg && row.floating ? 2 : 0);
}

TEST(Pattern, MovementOfTwoRanksIsNeverAlikeAndNeverNan) {
  for (const auto& row : data_types) {
    const int ranks = row.bytes > 1 ? 5000 : row.floating ? 128 : 256;
    for (std::size_t e = 0; e < pattern_entries; ++e) {
      std::set<std::uint64_t> seen;
      for (int r = 0; r < ranks; ++r) {
        const std::uint64_t word = movement(row.type, r, 77).entries[e];
        ASSERT_TRUE(seen.insert(word).second) << row.name << " rank " << r;
        if (row.floating) {
          ASSERT_TRUE(std::fabs(value_of(row.type, word)) < 2.0);
        }
      }
    }
  }
}

TEST(Pattern, MovementUsesEveryBit) {
  for (const auto& row : data_types) {
    std::uint64_t ever_one = 0, ever_zero = 0;
    for (int r = 0; r < 64; ++r)
      for (const std::uint64_t word : movement(row.type, r, 1).entries) {
        ever_one |= word;
        ever_zero |= ~word;
      }
    const auto bits = static_cast<int>(8 * row.bytes);
    const int fixed = row.floating ? 1 : 0;
    EXPECT_EQ(std::popcount(ever_one), bits - fixed) << row.name;
    EXPECT_EQ(std::popcount(ever_zero & (~std::uint64_t{0} >> (64 - bits))), bits) << row.name;
  }
}

TEST(Pattern, DependsOnTheSeedOnly) {
  for (const ReduceOp op : all_ops) {
    const auto table = [&](int rank, std::uint64_t seed) {
      return contribution(DataType::fp32, op, 8, rank, seed).entries;
    };
    EXPECT_EQ(table(3, 1), table(3, 1));
    EXPECT_NE(table(3, 1), table(3, 2));
    EXPECT_NE(table(3, 1), table(4, 1));
  }
  EXPECT_NE(movement(DataType::int8, 0, 1).entries, movement(DataType::int8, 0, 2).entries);
}

TEST(Pattern, RefusesARankOutOfRange) {
  EXPECT_THROW(contribution(DataType::fp32, ReduceOp::sum, 4, 4, 0), std::invalid_argument);
  EXPECT_THROW(contribution(DataType::fp32, ReduceOp::sum, 4, -1, 0), std::invalid_argument);
  EXPECT_THROW(reduction(DataType::fp32, ReduceOp::sum, 0, 0), std::invalid_argument);
  EXPECT_THROW(movement(DataType::fp32, -1, 0), std::invalid_argument);
}

TEST(PatternHash, IsTheFinaliserOfSplitmix64) {
  // First outputs of splitmix64 seeded with 0 (the reference implementation by S. Vigna).
  static_assert(block_hash(0, 1) == 0xe220a8397b1dcdafu);
  static_assert(block_hash(0, 2) == 0x6e789e6aa1b965f4u);
  EXPECT_EQ(pattern_entry(0, 5), entry_of(block_hash(stream_origin(0), 0), 5));
}

TEST(PatternHash, EntriesAreEvenAndNeighboursIndependent) {
  constexpr std::uint64_t n = 1 << 18;
  std::array<std::array<int, 16>, 16> pairs{};
  for (std::uint64_t i = 0; i < n; ++i) ++pairs[pattern_entry(5, i)][pattern_entry(5, i + 1)];
  for (const auto& row : pairs)
    for (const int count : row) EXPECT_NEAR(count, n / 256, 6 * 32);  // six standard deviations
}

}  // namespace
}  // namespace assay::kernels

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"
#include "tests/unit/traces.hpp"

namespace assay::stats {
namespace {

using Bounds = std::vector<std::int64_t>;
using testing::ElementsAre;

constexpr double alpha = 0.05;
constexpr std::array<std::int64_t, 6> half_looks{8, 16, 24, 32, 48, 64};
constexpr std::array<std::int64_t, 6> twentieth_looks{60, 120, 180, 240, 360, 480};
constexpr std::array<std::int64_t, 6> tenth_looks{32, 64, 96, 128, 192, 256};

TEST(SequentialBounds, PocockTables) {
  EXPECT_THAT(sequential_bounds(half_looks, .5, alpha, Side::pass),
              ElementsAre(0, 3, 6, 9, 16, 24));
  EXPECT_THAT(sequential_bounds(half_looks, .5, alpha, Side::fail),
              ElementsAre(8, 13, 18, 23, 32, 40));
  EXPECT_THAT(sequential_bounds(twentieth_looks, .05, alpha, Side::pass),
              ElementsAre(-1, 1, 2, 5, 9, 14));
  EXPECT_THAT(sequential_bounds(twentieth_looks, .05, alpha, Side::fail),
              ElementsAre(9, 13, 16, 20, 28, 35));
  EXPECT_THAT(sequential_bounds(tenth_looks, .1, alpha, Side::pass),
              ElementsAre(-1, 1, 3, 5, 11, 16));
  EXPECT_THAT(sequential_bounds(tenth_looks, .1, alpha, Side::fail),
              ElementsAre(9, 13, 17, 21, 29, 36));
}

TEST(SequentialBounds, ObrienFlemingTables) {
  const auto obf = Spending::obrien_fleming;
  EXPECT_THAT(sequential_bounds(half_looks, .5, alpha, Side::pass, obf),
              ElementsAre(-1, 0, 4, 8, 16, 24));
  EXPECT_THAT(sequential_bounds(half_looks, .5, alpha, Side::fail, obf),
              ElementsAre(9, 16, 20, 24, 32, 40));
  EXPECT_THAT(sequential_bounds(twentieth_looks, .05, alpha, Side::pass, obf),
              ElementsAre(-1, -1, 1, 3, 9, 15));
  EXPECT_THAT(sequential_bounds(twentieth_looks, .05, alpha, Side::fail, obf),
              ElementsAre(16, 18, 20, 22, 28, 33));
}

TEST(SequentialBounds, OneLookIsTheExactBinomialTest) {
  constexpr double limit = alpha + 1e-14;
  for (const std::int64_t n : {1, 5, 29, 64, 333, 5000}) {
    for (const double q0 : {0.05, 0.1, 0.5, 0.9}) {
      const boost::math::binomial count(static_cast<double>(n), q0);
      const std::int64_t accept = sequential_bounds(std::array{n}, q0, alpha, Side::pass).front();
      const std::int64_t reject = sequential_bounds(std::array{n}, q0, alpha, Side::fail).front();
      if (accept >= 0) {
        EXPECT_LE(cdf(count, static_cast<double>(accept)), limit);
      }
      EXPECT_GT(cdf(count, static_cast<double>(accept + 1)), limit) << n << ' ' << q0;
      const auto at_least = [&](std::int64_t c) {
        return c == 0 ? 1 : cdf(complement(count, static_cast<double>(c - 1)));
      };
      if (reject <= n) {
        EXPECT_LE(at_least(reject), limit);
      }
      EXPECT_GT(at_least(reject - 1), limit) << n << ' ' << q0;
    }
  }
}

TEST(SequentialBounds, ExactTiesAreWithinTheBudget) {
  EXPECT_THAT(sequential_bounds(Bounds{1}, .05, .05, Side::fail), ElementsAre(1));
  EXPECT_THAT(sequential_bounds(Bounds{2}, .1, .01, Side::fail), ElementsAre(2));
  EXPECT_THAT(sequential_bounds(Bounds{3}, .1, .001, Side::fail), ElementsAre(3));
  EXPECT_THAT(sequential_bounds(Bounds{2}, .9, .01, Side::pass), ElementsAre(0));
}

/// What happens to a measurement whose blocks are bad with probability p, exactly.
struct Characteristic {
  double pass = 0, fail = 0, mean_blocks = 0;
};

Characteristic characteristic(double p, const Bounds& accept, const Bounds& reject) {
  Characteristic result;
  std::map<std::int64_t, double> open{{0, 1.0}};
  std::int64_t n = 0;
  for (std::size_t k = 0; k < half_looks.size(); ++k) {
    for (; n < half_looks[k]; ++n) {
      std::map<std::int64_t, double> next;
      for (const auto& [bad, mass] : open) {
        next[bad] += mass * (1 - p);
        next[bad + 1] += mass * p;
      }
      open = std::move(next);
    }
    for (const auto& [bad, mass] : std::exchange(open, {})) {
      const bool last = k + 1 == half_looks.size();
      const bool passes = bad <= accept[k], fails = bad >= reject[k];
      if (passes) result.pass += mass;
      if (fails) result.fail += mass;
      if (passes || fails || last)
        result.mean_blocks += mass * static_cast<double>(n);
      else
        open[bad] = mass;
    }
  }
  return result;
}

TEST(SequentialBounds, OperatingCharacteristicOfPocock) {
  const Bounds accept = sequential_bounds(half_looks, .5, alpha, Side::pass);
  const Bounds reject = sequential_bounds(half_looks, .5, alpha, Side::fail);
  const Characteristic perfect = characteristic(0, accept, reject);
  EXPECT_NEAR(perfect.pass, 1, 1e-12);
  EXPECT_NEAR(perfect.mean_blocks, 8, 1e-9);
  EXPECT_NEAR(characteristic(.1, accept, reject).mean_blocks, 13, .5);
  const Characteristic good = characteristic(.25, accept, reject);
  EXPECT_NEAR(good.pass, .992, .0005);
  EXPECT_NEAR(good.mean_blocks, 27, .5);
  const Characteristic edge = characteristic(.5, accept, reject);
  EXPECT_NEAR(edge.pass, .0495, .0005);
  EXPECT_NEAR(edge.fail, .0495, .0005);
  EXPECT_NEAR(characteristic(.75, accept, reject).fail, .992, .0005);
}

TEST(SequentialBounds, RefusesNonsense) {
  using Looks = std::vector<std::int64_t>;
  EXPECT_THROW(sequential_bounds(Looks{}, .5, alpha, Side::pass), std::invalid_argument);
  EXPECT_THROW(sequential_bounds(Looks{0, 8}, .5, alpha, Side::pass), std::invalid_argument);
  EXPECT_THROW(sequential_bounds(Looks{8, 8}, .5, alpha, Side::pass), std::invalid_argument);
  EXPECT_THROW(sequential_bounds(Looks{16, 8}, .5, alpha, Side::pass), std::invalid_argument);
  EXPECT_THROW(sequential_bounds(Looks{8}, 0, alpha, Side::pass), std::invalid_argument);
  EXPECT_THROW(sequential_bounds(Looks{8}, .5, 1, Side::pass), std::invalid_argument);
}

TEST(ZeroDefect, Tables) {
  EXPECT_EQ(zero_defect_minimum(.5, .05), 5);
  EXPECT_EQ(zero_defect_minimum(.1, .05), 29);
  EXPECT_EQ(zero_defect_minimum(.05, .05), 59);
  EXPECT_EQ(zero_defect_minimum(.01, .05), 299);
  EXPECT_EQ(zero_defect_minimum(.5, .01), 7);
  EXPECT_EQ(zero_defect_minimum(.1, .01), 44);
  EXPECT_EQ(zero_defect_minimum(.05, .01), 90);
  EXPECT_EQ(zero_defect_minimum(.01, .01), 459);
  EXPECT_EQ(zero_defect_minimum(.9, .01), 2) << "exactly two: .1² = .01";
  EXPECT_EQ(zero_defect_minimum(.9, .5), 1);
  EXPECT_THROW(zero_defect_minimum(0, .05), std::invalid_argument);
  EXPECT_THROW(zero_defect_minimum(.5, 0), std::invalid_argument);
}

TEST(BlockLength, WithoutMemory) {
  EXPECT_EQ(block_length(1, .05).length, 93);
  EXPECT_EQ(block_length(1, .01).length, 466);
  EXPECT_EQ(block_length(1, .001).length, 4666);
  EXPECT_EQ(block_length(1, .95).length, 93);
  EXPECT_EQ(block_length(1, .99).length, 466);
  EXPECT_EQ(block_length(1, .999).length, 4666);
  EXPECT_EQ(block_length(1, .5).length, 11);
}

TEST(BlockLength, GrowsWithMemory) {
  EXPECT_EQ(block_length(1.1, .5).length, 11) << "11 ≥ 10 × 1.1";
  EXPECT_EQ(block_length(1.11, .5).length, 13);
  EXPECT_EQ(block_length(65.7, .5).length, 657);
  EXPECT_EQ(block_length(2, .05).length, 193) << "k = 10";
  EXPECT_EQ(block_length(2.01, .05).length, 213) << "k = 11";
  EXPECT_EQ(block_length(1.4, .07).length, 94) << "k = 7: 95.24 less ⅓";
  for (double tau = 1; tau < 50; tau += .37) EXPECT_EQ(block_length(tau, .5).length % 2, 1);
  EXPECT_THROW(block_length(.9, .5), std::invalid_argument);
  EXPECT_THROW(block_length(1, 0), std::invalid_argument);
  EXPECT_THROW(block_length(1, 1), std::invalid_argument);
}

TEST(BlockLength, BlockIsBadHalfTheTimeAtTheMarginalQuantile) {
  for (const double q : {.5, .05, .01, .001, .95, .99, .999}) {
    const std::int64_t b = block_length(1, q).length;
    const auto rank = static_cast<double>(quantile_rank(static_cast<std::size_t>(b), q));
    const boost::math::binomial below(static_cast<double>(b), q);
    const double bad = cdf(complement(below, rank - 1));  // at least `rank` values lie below
    EXPECT_NEAR(bad, .5, .002) << q;
  }
}

std::vector<double> draw(const traces::Generator& generator, std::size_t n, std::uint64_t seed) {
  const traces::Source source = generator(seed);
  std::vector<double> values(n);
  std::ranges::generate(values, source);
  return values;
}

TEST(BlockLength, FromAPilot) {
  const std::vector<double> constant(500, 3.0);
  EXPECT_EQ(block_length(constant, .5).length, 11);
  EXPECT_EQ(block_length(constant, .05).length, 93);
  EXPECT_THROW(block_length(std::vector<double>{}, .5), std::invalid_argument);
  const auto slow = draw(traces::autoregressive(.9), 100'000, 1);
  EXPECT_NEAR(block_length(slow, .5).tau, 19, 3);
  const BlockRule tail = block_length(slow, .05);
  EXPECT_GT(tail.tau, 4) << "exceedances come in clusters too";
  EXPECT_LT(tail.tau, 19);
  EXPECT_EQ(tail.length, block_length(tail.tau, .05).length);
  EXPECT_NEAR(block_length(slow, .95).tau, tail.tau, 3) << "mirrored";
}

TEST(BlockLength, AnOutlierDoesNotHideMemory) {
  auto pilot = draw(traces::autoregressive(.9), 2000, 2);
  const double before = block_length(pilot, .5).tau;
  pilot[1000] = 1e6;
  EXPECT_GT(block_length(pilot, .5).tau, .5 * before);
}

TEST(PilotLength, FollowsMemory) {
  EXPECT_EQ(pilot_length({}), 500);
  EXPECT_EQ(pilot_length(std::vector<double>(500, 1.0)), 500);
  const auto slow = draw(traces::autoregressive(.98), 20'000, 3);
  EXPECT_NEAR(static_cast<double>(pilot_length(slow)), 20 * 99, 600);
}

TEST(PilotLength, ATailAsksForTwentyExceedances) {
  const std::vector<double> constant(500, 1.0);
  EXPECT_EQ(pilot_length(constant, .5), 500);
  EXPECT_EQ(pilot_length(constant, .05), 500) << "25 of 500 lie in it";
  EXPECT_EQ(pilot_length(constant, .01), 2000);
  EXPECT_EQ(pilot_length(constant, .99), 2000);
  EXPECT_EQ(pilot_length(constant, .001), 20'000);
  EXPECT_THROW(pilot_length(constant, 1), std::invalid_argument);
}

TEST(PilotLength, ATailThatComesInClustersAsksForMore) {
  std::vector<double> clustered(1000, 1.0);  // eleven in a row, once: τ_I about 11
  for (std::size_t i = 500; i < 511; ++i) clustered[i] = 2;
  const double tau = block_length(clustered, .99).tau;
  EXPECT_NEAR(tau, 11, 2);
  EXPECT_NEAR(static_cast<double>(pilot_length(clustered, .99)), 2000 * tau, 1);
}

TEST(BlockQuantiles, FullConsecutiveBlocks) {
  const std::array values{3.0, 1.0, 2.0, 6.0, 5.0, 4.0, 9.0};
  EXPECT_THAT(block_quantiles(values, 3, .5), ElementsAre(2, 5)) << "the remainder is left out";
  EXPECT_THAT(block_quantiles(values, 3, 1), ElementsAre(3, 6));
  EXPECT_THAT(block_quantiles(values, 1, .05), ElementsAre(3, 1, 2, 6, 5, 4, 9));
  EXPECT_THAT(block_quantiles(values, 8, .5), testing::IsEmpty());
  EXPECT_THAT(block_quantiles(values, std::numeric_limits<std::int64_t>::max(), .5),
              testing::IsEmpty());
  EXPECT_THROW(block_quantiles(values, 0, .5), std::invalid_argument);
}

TEST(BlockQuantiles, NotANumberSpoilsItsBlockOnly) {
  const std::array values{1.0, std::nan(""), 2.0, 3.0, 4.0, 5.0};
  EXPECT_THAT(block_quantiles(values, 3, .5), ElementsAre(testing::IsNan(), 4));
}

TEST(BlockSigma, IsTheSdOfTheBlockQuantile) {
  EXPECT_FALSE(block_sigma(std::vector<double>(19, 1.0), 1, .5));
  EXPECT_EQ(block_sigma(std::vector<double>(20, 1.0), 1, .5), 0);
  EXPECT_FALSE(block_sigma(std::vector<double>(20, 0.0), 1, .5)) << "relative to nothing";
  const auto pilot = draw(traces::independent(), 20'000, 4);
  const double expected = 1.2533 / std::sqrt(101) / traces::level;  // √(π/2)/√b for normal values
  EXPECT_NEAR(block_sigma(pilot, 101, .5).value(), expected, .1 * expected);
  const std::span<const double> brief(pilot.data(), 500);
  EXPECT_NEAR(block_sigma(brief, 101, .5).value(), expected, .5 * expected)
      << "scaled from 20 blocks of 25";
}

}  // namespace
}  // namespace assay::stats

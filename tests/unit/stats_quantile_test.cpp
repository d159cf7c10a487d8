#include <gmock/gmock.h>

#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "harness/stats/quantile.hpp"

namespace assay::stats {
namespace {

constexpr std::array shuffled{5.0, 1.0, 4.0, 2.0, 3.0};

std::vector<double> ascending(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Quantile, IsTheCeilingRank) {
  EXPECT_EQ(order_quantile(shuffled, 0.0), 1);
  EXPECT_EQ(order_quantile(shuffled, 0.2), 1);
  EXPECT_EQ(order_quantile(shuffled, 0.21), 2);
  EXPECT_EQ(order_quantile(shuffled, 0.5), 3);
  EXPECT_EQ(order_quantile(shuffled, 1.0), 5);
  EXPECT_EQ(order_quantile(std::array{7.0}, 0.05), 7);
  EXPECT_EQ(order_quantile(std::array{1.0, 2.0}, 0.5), 1) << "never an average of two";
}

TEST(Quantile, RankIsNotMovedByRounding) {
  EXPECT_EQ(quantile_rank(100, 0.07), 7U) << ".07 × 100 is 7.000000000000001 in binary";
  EXPECT_EQ(quantile_rank(20, 0.95), 19U);
  EXPECT_EQ(quantile_rank(10, 0.1 + 0.2), 3U);
  EXPECT_EQ(quantile_rank(93, 0.05), 5U);
  EXPECT_EQ(quantile_rank(93, 0.95), 89U) << "the fifth largest";
  EXPECT_EQ(quantile_rank(466, 0.01), 5U);
  EXPECT_EQ(quantile_rank(466, 0.99), 462U);
  EXPECT_EQ(quantile_rank(4666, 0.001), 5U);
}

TEST(Quantile, SortedAgreesWithUnsorted) {
  const std::vector<double> sorted = ascending(97);
  for (const double q : {0.0, 0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999, 1.0}) {
    EXPECT_EQ(sorted_quantile(sorted, q), order_quantile(sorted, q)) << q;
  }
}

TEST(Quantile, RefusesNonsense) {
  EXPECT_THROW(order_quantile({}, 0.5), std::invalid_argument);
  EXPECT_THROW(sorted_quantile({}, 0.5), std::invalid_argument);
  EXPECT_THROW(order_quantile(shuffled, -0.1), std::invalid_argument);
  EXPECT_THROW(order_quantile(shuffled, 1.1), std::invalid_argument);
  EXPECT_THROW(order_quantile(shuffled, std::nan("")), std::invalid_argument);
}

TEST(Quantile, NotANumberIsNeverLost) {
  std::vector<double> values = ascending(50);
  values[17] = std::nan("");
  EXPECT_TRUE(std::isnan(order_quantile(values, 0.5)));
  values[17] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(order_quantile(values, 0.5), 26) << "infinity has an order: here the 18th is missing";
}

struct Published {
  std::size_t n, lower, upper;
};

TEST(OrderInterval, MedianTables) {
  for (const auto& [n, lower, upper] :
       {Published{6, 1, 6}, {20, 6, 15}, {50, 18, 33}, {100, 40, 61}}) {
    const OrderInterval interval = order_interval(n, 0.5, 0.95);
    EXPECT_EQ(interval.lower, lower) << n;
    EXPECT_EQ(interval.upper, upper) << n;
  }
}

TEST(OrderInterval, SidesMayBeMissing) {
  const OrderInterval five = order_interval(5, 0.5, 0.95);
  EXPECT_FALSE(five.lower || five.upper);
  const OrderInterval tail = order_interval(50, 0.05, 0.95);
  EXPECT_FALSE(tail.lower) << "no value is surely below the 5% quantile";
  EXPECT_TRUE(tail.upper);
  const OrderInterval mirrored = order_interval(50, 0.95, 0.95);
  EXPECT_TRUE(mirrored.lower);
  EXPECT_FALSE(mirrored.upper);
  const OrderInterval none = order_interval(0, 0.5, 0.95);
  EXPECT_FALSE(none.lower || none.upper);
}

/// The definition, by walking over every rank.
OrderInterval by_definition(std::size_t n, double q, double confidence) {
  const boost::math::binomial count(static_cast<double>(n), q);
  const double tail = (1 - confidence) / 2;
  OrderInterval interval;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    if (cdf(count, static_cast<double>(rank - 1)) <= tail) interval.lower = rank;
    const double at_or_above = cdf(complement(count, static_cast<double>(rank) - 1));
    if (!interval.upper && at_or_above <= tail) interval.upper = rank;
  }
  return interval;
}

TEST(OrderInterval, SteppingFindsWhatTheDefinitionSays) {
  for (const std::size_t n : {1U, 2U, 7U, 29U, 64U, 93U, 200U, 466U}) {
    for (const double q : {0.001, 0.01, 0.05, 0.3, 0.5, 0.75, 0.95, 0.999}) {
      for (const double confidence : {0.5, 0.9, 0.95, 0.99, 0.9999}) {
        const OrderInterval expected = by_definition(n, q, confidence);
        const OrderInterval found = order_interval(n, q, confidence);
        EXPECT_EQ(found.lower, expected.lower) << n << ' ' << q << ' ' << confidence;
        EXPECT_EQ(found.upper, expected.upper) << n << ' ' << q << ' ' << confidence;
      }
    }
  }
}

TEST(OrderInterval, LargeCounts) {
  const OrderInterval interval = order_interval(1'000'000, 0.5, 0.95);
  EXPECT_NEAR(static_cast<double>(interval.lower.value()), 500'000 - 980, 2);
  EXPECT_NEAR(static_cast<double>(interval.upper.value()), 500'000 + 981, 2);
}

TEST(OrderInterval, RefusesNonsense) {
  EXPECT_THROW(order_interval(10, 0, 0.95), std::invalid_argument);
  EXPECT_THROW(order_interval(10, 1, 0.95), std::invalid_argument);
  EXPECT_THROW(order_interval(10, 0.5, 0), std::invalid_argument);
  EXPECT_THROW(order_interval(10, 0.5, 1), std::invalid_argument);
}

TEST(QuantileInterval, IndependentUsesTheRanks) {
  const auto interval = quantile_interval(ascending(100), 0.5, 0.95);
  ASSERT_TRUE(interval);
  EXPECT_EQ(interval->lower, 40);
  EXPECT_EQ(interval->upper, 61);
}

TEST(QuantileInterval, MemoryWidensIt) {
  const auto interval = quantile_interval(ascending(1000), 0.5, 0.95, 10);
  ASSERT_TRUE(interval) << "100 effective values: ranks 40 and 61, stretched by ten";
  EXPECT_EQ(interval->lower, 391);
  EXPECT_EQ(interval->upper, 610);
  EXPECT_FALSE(quantile_interval(ascending(1000), 0.5, 0.95, 190)) << "5 effective values";
  EXPECT_FALSE(quantile_interval(ascending(3), 0.5, 0.95, 10)) << "none";
  EXPECT_FALSE(quantile_interval({}, 0.5, 0.95));
  EXPECT_THROW(quantile_interval(ascending(10), 0.5, 0.95, 0.5), std::invalid_argument);
}

TEST(QuantileInterval, FractionalStretchStaysInside) {
  for (std::size_t n = 6; n < 200; ++n) {
    for (const double tau : {1.0, 1.1, 1.7, 3.3}) {
      const std::vector<double> values = ascending(n);
      const auto interval = quantile_interval(values, 0.5, 0.95, tau);
      if (!interval) continue;
      EXPECT_LE(interval->lower, order_quantile(values, 0.5));
      EXPECT_GE(interval->upper, order_quantile(values, 0.5));
    }
  }
}

TEST(Middle, IsTheMeanOfTheTwoMiddleValuesOfAnEvenNumber) {
  std::vector<double> two{1, 3}, three{9, 1, 5}, four{4, 1, 100, 2};
  EXPECT_EQ(middle(two), 2);
  EXPECT_EQ(middle(three), 5);
  EXPECT_EQ(middle(four), 3);
}

}  // namespace
}  // namespace assay::stats

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "harness/stats/ratio.hpp"

namespace assay::stats {
namespace {

QuantileEstimate estimate(double value, double lower, double upper) {
  return {.value = value, .n = 100, .tau = 1, .interval = Interval{lower, upper}};
}

Ratio ratio(double lower, double upper) {
  return {.value = std::sqrt(lower * upper), .interval = Interval{lower, upper}};
}

/// 1 … n in an order without memory: multiples of a number prime to n + 1.
std::vector<double> shuffled(std::size_t n, std::size_t step) {
  std::vector<double> values;
  for (std::size_t i = 1; i <= n; ++i) values.push_back(static_cast<double>(i * step % (n + 1)));
  return values;
}

TEST(QuantileEstimate, IsTheOrderStatisticWithItsInterval) {
  const auto values = shuffled(100, 37);
  const auto found = estimate_quantile(values, .5, .95);
  EXPECT_EQ(found.value, 50);
  EXPECT_EQ(found.n, 100u);
  ASSERT_LT(found.tau, 1.2);
  ASSERT_TRUE(found.interval);
  EXPECT_NEAR(found.interval->lower, 40, 2);  // [40, 61] of 100 independent values
  EXPECT_NEAR(found.interval->upper, 61, 2);
}

TEST(QuantileEstimate, HasNoIntervalOfTooFewValues) {
  EXPECT_FALSE(estimate_quantile(std::vector<double>(9, 1.0), .5, .95).interval);
  EXPECT_TRUE(estimate_quantile(std::vector<double>(10, 1.0), .5, .95).interval);
  EXPECT_FALSE(estimate_quantile(std::vector<double>(20, 1.0), .05, .95).interval)
      << "no lower end of so low a quantile";
  std::vector<double> climb(200);
  std::iota(climb.begin(), climb.end(), 1.0);
  const auto drifting = estimate_quantile(climb, .5, .95);
  EXPECT_GT(drifting.tau, 10);
  EXPECT_FALSE(drifting.interval) << "n < 10 tau";
}

TEST(QuantileEstimate, Throws) {
  EXPECT_THROW(estimate_quantile({}, .5, .95), std::invalid_argument);
  const std::vector<double> values(50, 1.0);
  EXPECT_THROW(estimate_quantile(values, 0, .95), std::invalid_argument);
  EXPECT_THROW(estimate_quantile(values, .5, 1), std::invalid_argument);
}

TEST(Ratio, JoinsBothIntervalsOnTheLogarithm) {
  // Ends a factor e³ and e⁴ away join to e⁵; e² and e⁰ to e².
  const double base = 10, next = 30;
  const auto found = ratio_of(estimate(next, next / std::exp(3), next * std::exp(2)),
                              estimate(base, base, base * std::exp(4)));
  EXPECT_DOUBLE_EQ(found.value, 3);
  ASSERT_TRUE(found.interval);
  EXPECT_DOUBLE_EQ(found.interval->lower, 3 * std::exp(-5));
  EXPECT_DOUBLE_EQ(found.interval->upper, 3 * std::exp(2));
}

TEST(Ratio, OfExchangedRunsIsTheInverse) {
  const auto a = estimate(10, 9, 12), b = estimate(20, 19, 23);
  const auto there = ratio_of(a, b), back = ratio_of(b, a);
  EXPECT_DOUBLE_EQ(there.value * back.value, 1);
  EXPECT_DOUBLE_EQ(there.interval->lower * back.interval->upper, 1);
  EXPECT_DOUBLE_EQ(there.interval->upper * back.interval->lower, 1);
}

TEST(Ratio, NeedsBothIntervals) {
  auto unsure = estimate(10, 9, 12);
  unsure.interval.reset();
  EXPECT_FALSE(ratio_of(unsure, estimate(10, 9, 12)).interval);
  EXPECT_FALSE(ratio_of(estimate(10, 9, 12), unsure).interval);
  EXPECT_DOUBLE_EQ(ratio_of(estimate(10, 9, 12), unsure).value, 1);
}

TEST(Ratio, NeedsPositiveValues) {
  EXPECT_THROW(ratio_of(estimate(1, 1, 1), estimate(0, 0, 1)), std::invalid_argument);
  EXPECT_THROW(ratio_of(estimate(1, 0, 1), estimate(1, 1, 1)), std::invalid_argument);
  EXPECT_THROW(ratio_of(estimate(NAN, 1, 1), estimate(1, 1, 1)), std::invalid_argument);
}

TEST(Change, IsReadOffTheInterval) {
  EXPECT_EQ(change_of(ratio(.50, .90), .02), Change::lower);
  EXPECT_EQ(change_of(ratio(1.01, 1.5), .02), Change::higher);
  EXPECT_EQ(change_of(ratio(.99, 1.01), .02), Change::same);
  EXPECT_EQ(change_of(ratio(.90, 1.01), .02), Change::undecided);
  EXPECT_EQ(change_of(ratio(.99, 1.10), .02), Change::undecided);
  EXPECT_EQ(change_of(ratio(.50, 1.50), .02), Change::undecided);
  EXPECT_EQ(change_of({.value = 1}, .02), Change::undecided) << "without an interval";
}

TEST(Change, BesideOneButWithinTheMarginIsNone) {
  EXPECT_EQ(change_of(ratio(1.001, 1.002), .02), Change::same);
  EXPECT_EQ(change_of(ratio(.981, .982), .02), Change::same);
  EXPECT_EQ(change_of(ratio(1.001, 1.002), .001), Change::higher);
}

TEST(Change, TheMarginItselfIsWithin) {
  EXPECT_EQ(change_of(ratio(1 / 1.25, 1.25), .25), Change::same);
  EXPECT_EQ(change_of(ratio(1 / 1.25, std::nextafter(1.25, 2)), .25), Change::undecided);
  EXPECT_EQ(change_of(ratio(1, 1), 0), Change::same);
  EXPECT_THROW(change_of(ratio(1, 1), -.01), std::invalid_argument);
  EXPECT_THROW(change_of(ratio(1, 1), NAN), std::invalid_argument);
}

}  // namespace
}  // namespace assay::stats

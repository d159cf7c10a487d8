#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <vector>

#include "harness/stats/autocorrelation.hpp"
#include "tests/unit/traces.hpp"

namespace assay::stats {
namespace {

using traces::Random;

std::vector<double> draw(const traces::Generator& generator, std::size_t n, std::uint64_t seed) {
  std::vector<double> values(n);
  std::ranges::generate(values, generator(seed));
  return values;
}

TEST(AutocorrelationTime, TrivialInputs) {
  EXPECT_EQ(autocorrelation_time({}), 1);
  EXPECT_EQ(autocorrelation_time(std::array{1.0, 2.0, 3.0}), 1);
  EXPECT_EQ(autocorrelation_time(std::vector<double>(100, 2.0)), 1);
  EXPECT_EQ(autocorrelation_time(std::vector<double>(100, 0.1)), 1) << "a mean that rounds";
}

TEST(AutocorrelationTime, OnLiterals) {
  // Deviations −1.5 −.5 .5 1.5: Σx² = 5, lag 1: 1.25, lag 2: −1.5, lag 3: −2.25.
  EXPECT_DOUBLE_EQ(autocorrelation_time(std::array{1.0, 2.0, 3.0, 4.0}), 2 * (1 + .25) - 1);
  EXPECT_EQ(autocorrelation_time(std::array{1.0, -1.0, 1.0, -1.0, 1.0, -1.0}), 1)
      << "alternation is no memory to fear";
}

TEST(AutocorrelationTime, OfAnAutoregression) {
  EXPECT_NEAR(autocorrelation_time(draw(traces::independent(), 50'000, 1)), 1, .1);
  for (const double rho : {.3, .6, .9, .97, .99}) {
    const double expected = (1 + rho) / (1 - rho);
    const auto values = draw(traces::autoregressive(rho), 200'000, 2);
    EXPECT_NEAR(autocorrelation_time(values), expected, .12 * expected) << rho;
  }
}

/// Geyer's sum by its definition.
double by_definition(const std::vector<double>& values) {
  double mean = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  const auto covariance = [&](std::size_t lag) {
    double sum = 0;
    for (std::size_t i = lag; i < values.size(); ++i) {
      sum += (values[i] - mean) * (values[i - lag] - mean);
    }
    return sum;
  };
  double tau = -1;
  for (std::size_t lag = 0; lag + 1 < values.size(); lag += 2) {
    const double pair = covariance(lag) + covariance(lag + 1);
    if (pair <= 0) break;
    tau += 2 * pair / covariance(0);
  }
  return tau;
}

TEST(AutocorrelationTime, LongMemoryTakesTransforms) {
  std::vector<double> ramp(1000);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i) + (i % 7 == 0);
  EXPECT_NEAR(autocorrelation_time(ramp), by_definition(ramp), 1e-6 * by_definition(ramp));
  const auto slow = draw(traces::autoregressive(.99), 3001, 3);
  EXPECT_NEAR(autocorrelation_time(slow), by_definition(slow), 1e-6 * by_definition(slow));
}

TEST(AutocorrelationTime, LongSeriesStayCheap) {
  std::vector<double> ramp(200'000);  // by the definition this would take minutes
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<double>(i);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_GT(autocorrelation_time(ramp), 10'000);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

TEST(Lag1, OnLiterals) {
  EXPECT_EQ(lag1({}), 0);
  EXPECT_EQ(lag1(std::array{1.0, 2.0}), 0);
  EXPECT_EQ(lag1(std::vector<double>(10, .1)), 0);
  EXPECT_DOUBLE_EQ(lag1(std::array{1.0, 2.0, 3.0, 4.0}), .25);
  EXPECT_DOUBLE_EQ(lag1(std::array{1.0, -1.0, 1.0, -1.0}), -.75);
  EXPECT_NEAR(lag1(draw(traces::autoregressive(.6), 50'000, 4)), .6, .02);
}

TEST(Lag1, PValue) {
  EXPECT_EQ(lag1_p_value(std::vector<double>(64, 1.0)), 1);
  EXPECT_LT(lag1_p_value(draw(traces::autoregressive(.6), 200, 5)), 1e-6);
  EXPECT_GT(lag1_p_value(std::array{1.0, -1.0, 1.0, -1.0, 1.0, -1.0}), .9);
  EXPECT_NEAR(lag1_p_value(std::array{1.0, 2.0, 3.0, 4.0}), .1587, 1e-4) << "z = (1/4 + 1/4)·2 = 1";
}

TEST(IndicatorPValue, CountsRuns) {
  using Bits = std::vector<std::uint8_t>;
  EXPECT_EQ(indicator_p_value({}), 1);
  EXPECT_EQ(indicator_p_value(Bits(32, 0)), 1);
  EXPECT_EQ(indicator_p_value(Bits(32, 1)), 1);
  Bits two(32, 0);
  two[7] = two[8] = 1;
  EXPECT_NEAR(indicator_p_value(two), 2.0 / 32, 1e-12) << "31 of 496 pairs are neighbours";
  two[8] = 0;
  two[20] = 1;
  EXPECT_NEAR(indicator_p_value(two), 1, 1e-12);
  // 3 of 6 in one run: 4 of C(6,3) = 20 arrangements.
  EXPECT_NEAR(indicator_p_value(Bits{0, 1, 1, 1, 0, 0}), 4.0 / 20, 1e-12);
  // … in at most two runs: all but the 4 arrangements without neighbours.
  EXPECT_NEAR(indicator_p_value(Bits{1, 0, 1, 1, 0, 0}), 16.0 / 20, 1e-12);
}

TEST(IndicatorPValue, HoldsItsLevel) {
  constexpr int replications = 4000;
  Random random(6);
  for (const double share : {.05, .1, .5}) {
    int alarms = 0;
    for (int i = 0; i < replications; ++i) {
      std::vector<std::uint8_t> bad(64);
      for (auto& bit : bad) bit = random.chance(share) ? 1 : 0;
      alarms += indicator_p_value(bad) < .01 ? 1 : 0;
    }
    EXPECT_LT(alarms, 60) << share << ": 1% of 4000, and 3 sigma";
  }
}

/// A stationary measurement with 1% tenfold spikes.
std::vector<double> spiky(Random& random) {
  std::vector<double> values(200);
  for (double& value : values) {
    value = 1 + .05 * random.normal();
    if (random.chance(.01)) value *= 10;
  }
  return values;
}

TEST(Transient, WinsorisingEndsFalseAlarms) {
  constexpr int replications = 4000;
  Random random(7);
  int plain = 0, winsorised = 0;
  for (int i = 0; i < replications; ++i) {
    const std::vector<double> values = spiky(random);
    plain += mser(values) > values.size() / 2 ? 1 : 0;
    winsorised += transient(values).settling == Settling::still ? 1 : 0;
  }
  EXPECT_NEAR(plain / double{replications}, .56, .06);
  EXPECT_LE(winsorised / double{replications}, .0025);
}

TEST(Transient, FindsTheEndOfAWarmUp) {
  Random random(8);
  std::vector<double> values(400);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (i < 100 ? 1.5 : 1.0) + .05 * random.normal();
  }
  const Transient early = transient(values);
  EXPECT_EQ(early.settling, Settling::over);
  EXPECT_NEAR(static_cast<double>(early.length), 100, 20);
}

TEST(Transient, NeverSettlesIsNotStationary) {
  Random random(9);
  std::vector<double> values(400);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 1 + .01 * static_cast<double>(i) + .05 * random.normal();
  }
  EXPECT_EQ(transient(values).settling, Settling::still);
}

TEST(Transient, CoarseTicksAreStationary) {
  constexpr int replications = 1000;
  Random random(10);
  int alarms = 0;
  for (int i = 0; i < replications; ++i) {
    std::vector<double> ticks(200);
    for (double& tick : ticks) tick = random.chance(.5) ? 30 : 40;
    alarms += transient(ticks).settling == Settling::still ? 1 : 0;
  }
  EXPECT_LE(alarms, 10);
}

TEST(Transient, FewOrConstantValues) {
  EXPECT_EQ(transient(std::vector<double>(199, 1.0)).settling, Settling::unknown);
  const Transient constant = transient(std::vector<double>(200, .1));
  EXPECT_EQ(constant.settling, Settling::over);
  EXPECT_EQ(constant.length, 0U);
  EXPECT_EQ(mser({}), 0U);
  EXPECT_EQ(mser(std::array{1.0, 2.0}), 0U);
}

TEST(Trend, OnLiterals) {
  // S = 10, Var = 5·4·15/18 = 50/3, z = 9/√(50/3) = 2.2045.
  const Trend rising = trend(std::array{1.0, 2.0, 3.0, 4.0, 5.0});
  EXPECT_NEAR(rising.p_value, .02749, 1e-5);
  EXPECT_EQ(rising.slope, 1);
  // One tie: S = 9, Var = (300 − 2·1·9)/18 = 47/3, z = 8/√(47/3) = 2.0212.
  EXPECT_NEAR(mann_kendall(std::array{1.0, 2.0, 2.0, 4.0, 5.0}), .04326, 1e-5);
  EXPECT_EQ(trend(std::array{5.0, 4.0, 3.0, 2.0, 1.0}).slope, -1);
  EXPECT_EQ(theil_sen(std::array{0.0, 1.0, 2.0, 100.0, 4.0, 5.0, 6.0}), 1) << "robust";
}

TEST(Trend, TrivialInputs) {
  EXPECT_EQ(trend({}).p_value, 1);
  EXPECT_EQ(trend({}).slope, 0);
  EXPECT_EQ(trend(std::array{1.0}).slope, 0);
  EXPECT_EQ(mann_kendall(std::array{1.0, 2.0, 3.0}), 1);
  const Trend flat = trend(std::vector<double>(50, .1));
  EXPECT_EQ(flat.p_value, 1);
  EXPECT_EQ(flat.slope, 0);
}

TEST(Trend, HoldsItsLevel) {
  constexpr int replications = 4000;
  Random random(11);
  int alarms = 0;
  for (int i = 0; i < replications; ++i) {
    std::vector<double> values(32);
    for (double& value : values) value = random.normal();
    alarms += mann_kendall(values) < .01 ? 1 : 0;
  }
  EXPECT_NEAR(alarms, 40, 21) << "1% of 4000, and 3 sigma";
}

TEST(Trend, LongSeriesAreFolded) {
  Random random(12);
  std::vector<double> values(20'000);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = 1e-4 * static_cast<double>(i) + random.normal();
  }
  const Trend found = trend(values);
  EXPECT_LT(found.p_value, 1e-6);
  EXPECT_NEAR(found.slope, 1e-4, 1e-5) << "per step of the series, not per group";
  std::ranges::generate(values, [&] { return random.normal(); });
  EXPECT_GT(mann_kendall(values), 1e-3);
}

}  // namespace
}  // namespace assay::stats

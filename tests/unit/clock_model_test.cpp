// The bound of the common clock holds the true error, whatever the paths and the drift do.
#include "harness/run/clock_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "harness/core/error.hpp"
#include "harness/run/common_clock.hpp"

namespace assay::run {
namespace {

constexpr std::int64_t second = 1'000'000'000;

/// A clock against true time: common time is true time.
struct Drifting {
  std::int64_t shift_ns = 37'000'000;
  double drift = 50e-6;
  std::int64_t at(std::int64_t true_ns) const {
    return true_ns + shift_ns + std::llround(drift * static_cast<double>(true_ns));
  }
};

/// `n` ping-pongs from `true_ns` on, over paths of random and unequal length.
std::vector<PingPong> exchange(const Drifting& clock, std::int64_t true_ns, std::mt19937& random,
                               int n = 100) {
  std::exponential_distribution<double> there(1 / 300.0), back(1 / 900.0);
  std::vector<PingPong> ping_pongs;
  for (int i = 0; i < n; ++i) {
    const auto answered = true_ns + 150 + std::llround(there(random));
    const auto received = answered + 150 + std::llround(back(random));
    ping_pongs.push_back({clock.at(true_ns), answered, clock.at(received)});
    true_ns = received + 50;
  }
  return ping_pongs;
}

double error_ns(const ClockModel& model, const Drifting& clock, std::int64_t true_ns) {
  return std::abs(static_cast<double>(model.at(clock.at(true_ns)).ns - true_ns));
}

TEST(FixOffset, TakesTheMiddleOfWhatAllPingPongsAllow) {
  // Offsets in [-70, -40] and [-60, -30]: together [-60, -40], and a nanosecond of drift at most.
  const auto fix = fix_offset(std::vector<PingPong>{{100, 60, 130}, {200, 170, 230}});
  EXPECT_EQ(fix.at_ns, 230);
  EXPECT_EQ(fix.offset_ns, -50);
  EXPECT_NEAR(fix.bound_ns, 10, 1);
  EXPECT_EQ(fix.estimate_ns, fix.bound_ns) << "too few ping-pongs to see their scatter";
}

TEST(FixOffset, CountsTheDriftSinceAPingPong) {
  // The first one allows ±5 ns, but is a second old: 2 × 100 ppm of that.
  const auto fix =
      fix_offset(std::vector<PingPong>{{0, 5, 10}, {second, second + 500'000, second + 1'000'000}});
  EXPECT_NEAR(fix.bound_ns, 200'000, 1'000);
}

TEST(FixOffset, EstimatesNoMoreThanTheBound) {
  // Three quarters were held up on the way back, so that their middles lie 500 ns off.
  std::vector<PingPong> ping_pongs{{0, 5, 10}, {20, 25, 30}};
  for (std::int64_t t = 40; ping_pongs.size() < 8; t += 1020)
    ping_pongs.push_back({t, t + 5, t + 1010});
  const auto fix = fix_offset(ping_pongs);
  EXPECT_NEAR(fix.bound_ns, 6, 2);
  EXPECT_EQ(fix.estimate_ns, fix.bound_ns);
}

TEST(FixOffset, HasNoBoundWhereNoOffsetExplainsAllPingPongs) {
  const auto fix = fix_offset(std::vector<PingPong>{{100, 60, 130}, {200, 9000, 230}});
  EXPECT_TRUE(std::isinf(fix.bound_ns));
}

TEST(FixOffset, IsExactForHostsBootedYearsApart) {
  constexpr std::int64_t ten_years = 315'360'000 * second;
  const auto fix = fix_offset(std::vector<PingPong>{{101, ten_years + 103, 105}});
  EXPECT_EQ(fix.offset_ns, ten_years);
}

TEST(FixOffset, BoundHoldsTheTrueErrorInEveryRepetition) {
  std::mt19937 random(1);
  for (int repetition = 0; repetition < 1000; ++repetition) {
    const Drifting clock{37'000'000, (repetition % 3 - 1) * 50e-6};
    const auto ping_pongs = exchange(clock, repetition * second, random);
    ClockModel model;
    model.add(fix_offset(ping_pongs));
    const auto now = ping_pongs.back().common_ns;
    // The true time of the fix lies in the last ping-pong's way back.
    const auto fix = model.last_fix();
    const auto truth = clock.at(now) - now;
    EXPECT_LE(std::abs(static_cast<double>(-truth - fix.offset_ns)), fix.bound_ns + 1);
    EXPECT_LT(fix.bound_ns, 2000);
    EXPECT_LE(fix.estimate_ns, fix.bound_ns);
  }
}

TEST(ClockModel, TheReferenceIsItsOwnClock) {
  const auto model = ClockModel::reference();
  EXPECT_EQ(model.at(123).ns, 123);
  EXPECT_EQ(model.at(123).bound_ns, 0);
  EXPECT_EQ(model.local_at(123), 123);
  EXPECT_EQ(model.last_fix().bound_ns, 0);
}

TEST(ClockModel, KnowsNothingBeforeItsFirstFix) {
  ClockModel model;
  EXPECT_TRUE(std::isinf(model.at(0).bound_ns));
  EXPECT_THROW(model.local_at(0), InternalError);
  model.add({100, 7, 1, 1});
  EXPECT_TRUE(std::isinf(model.at(99).bound_ns));
  EXPECT_EQ(model.at(100).ns, 107);
  EXPECT_EQ(model.at(100).bound_ns, 1);
}

TEST(ClockModel, OneFixIsAnOffsetWhoseBoundGrows) {
  ClockModel model;
  model.add({0, 7, 10, 1});
  EXPECT_EQ(model.at(second).ns, second + 7);
  EXPECT_DOUBLE_EQ(model.at(second).bound_ns, 10 + 1e-4 * second);
}

TEST(ClockModel, BetweenFixesItIsTheLineThroughThem) {
  ClockModel model;
  model.add({0, 100, 10, 1});
  ASSERT_TRUE(model.add({second / 10, 1100, 20, 1}));
  EXPECT_EQ(model.at(second / 20).ns, second / 20 + 600);
  EXPECT_DOUBLE_EQ(model.at(second / 20).bound_ns, 15);
}

TEST(ClockModel, AShortWindowGivesNoSlope) {
  ClockModel model;
  model.add({0, 0, 10, 1});
  model.add({second - 1, 50'000, 10, 1});
  EXPECT_EQ(model.at(2 * second).ns, 2 * second + 50'000);
  ClockModel longer;
  longer.add({0, 0, 10, 1});
  longer.add({second, 50'000, 10, 1});
  EXPECT_EQ(longer.at(2 * second).ns, 2 * second + 100'000);
  EXPECT_DOUBLE_EQ(longer.at(2 * second).bound_ns, 30) << "10 from either side of the lever";
}

TEST(ClockModel, ASlopeWorseThanTheAssumedDriftIsNotUsed) {
  ClockModel model;
  model.add({0, 0, 60'000, 1});
  model.add({second, 50'000, 60'000, 1});
  EXPECT_EQ(model.at(2 * second).ns, 2 * second + 50'000);
  EXPECT_DOUBLE_EQ(model.at(2 * second).bound_ns, 160'000);
}

TEST(ClockModel, ForgetsWhatAStepContradicts) {
  ClockModel model;
  EXPECT_TRUE(model.add({0, 0, 10, 1}));
  EXPECT_TRUE(model.add({second, 50'000, 10, 1}));
  EXPECT_FALSE(model.add({2 * second, 1'000'000, 10, 1}));
  EXPECT_EQ(model.at(2 * second).ns, 2 * second + 1'000'000);
  EXPECT_TRUE(std::isinf(model.at(second).bound_ns));
  EXPECT_FALSE(model.add({3 * second, 0, INFINITY, INFINITY}));
  EXPECT_TRUE(std::isinf(model.at(4 * second).bound_ns));
  EXPECT_TRUE(model.add({5 * second, 3, 10, 1}));
  EXPECT_EQ(model.at(5 * second).bound_ns, 10);
}

/// Resynchronised every 100 ms for five seconds and read 100 ms ahead and behind.
TEST(ClockModel, BoundHoldsTheTrueErrorAcrossResynchronisations) {
  std::mt19937 random(2);
  const Drifting clock;
  ClockModel model;
  double worst_late = 0;
  for (std::int64_t now = second; now < 6 * second; now += second / 10) {
    const auto ping_pongs = exchange(clock, now, random);
    const auto end = ping_pongs.back().common_ns + 2000;
    EXPECT_TRUE(model.add(fix_offset(ping_pongs)));
    for (auto t = std::max(second + second / 1000, now - second / 10); t < now + second / 10;
         t += second / 97) {
      EXPECT_LE(error_ns(model, clock, t), model.at(clock.at(t)).bound_ns + 1);
      EXPECT_NEAR(static_cast<double>(clock.at(t)),
                  static_cast<double>(model.local_at(model.at(clock.at(t)).ns)), 2);
    }
    if (now > 3 * second) worst_late = std::max(worst_late, model.at(clock.at(end)).bound_ns);
  }
  EXPECT_LT(worst_late, 2000);
  // With 50 ppm unknown, 100 ms ahead would be off by 5 µs: the slope has taken that away.
  EXPECT_LT(error_ns(model, clock, 6 * second), 1000);
}

TEST(Drift, IsThatOfTheFixesOnceTheyAreFarEnoughApart) {
  EXPECT_FALSE(ClockModel::reference().drift());
  ClockModel model;
  EXPECT_FALSE(model.drift());
  model.add({0, 1000, 5, 5});
  model.add({slope_window_ns / 2, 26'000, 5, 5});
  EXPECT_FALSE(model.drift());
  model.add({slope_window_ns, 51'000, 5, 5});
  EXPECT_DOUBLE_EQ(model.drift().value(), 50e-6);
  ClockModel vague;
  vague.add({0, 1000, 50'000, 5});
  vague.add({slope_window_ns, 51'000, 50'000, 5});
  EXPECT_FALSE(vague.drift()) << "the fixes may be as wrong as the worst drift";
}

TEST(ClockRecord, KeepsTheWorstAndCountsWhatIsUnknown) {
  auto record = recorded({}, {.bound_ns = 300, .estimate_ns = 10, .hops = 1, .drift = {}});
  record = recorded(record, {.bound_ns = 200, .estimate_ns = 20, .hops = 1, .drift = 2e-6});
  record = recorded(record,
                    {.bound_ns = INFINITY, .estimate_ns = INFINITY, .unsteady = true, .drift = {}});
  EXPECT_EQ(record.synchronisations, 3);
  EXPECT_DOUBLE_EQ(record.bound_s, 300e-9);
  EXPECT_DOUBLE_EQ(record.least_bound_s, 200e-9);
  EXPECT_DOUBLE_EQ(record.estimate_s, 20e-9);
  EXPECT_EQ(record.hops, 1);
  EXPECT_EQ(record.drift, 2e-6);
  EXPECT_EQ(record.unsteady, 1);
}

}  // namespace
}  // namespace assay::run

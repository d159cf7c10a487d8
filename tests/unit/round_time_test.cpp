#include "harness/run/round_time.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace assay::run {
namespace {

constexpr StartChoice short_operation{
    .operation_ns = 39'999, .barrier_skew_ns = 400, .clock_estimate_ns = 10};

TEST(ChooseStart, ABarrierIsEnoughForAHundredSkews) {
  EXPECT_EQ(choose_start(short_operation), StartBy::round_time);
  auto longer = short_operation;
  longer.operation_ns = 40'000;
  EXPECT_EQ(choose_start(longer), StartBy::barrier);
}

TEST(ChooseStart, NeverByTimeWhereRanksOutnumberCores) {
  auto crowded = short_operation;
  crowded.ranks_outnumber_cores = true;
  EXPECT_EQ(choose_start(crowded), StartBy::barrier);
}

TEST(ChooseStart, NeverByAClockNoBetterThanTheBarrier) {
  for (const double estimate : {400.0, double{INFINITY}, double{NAN}}) {
    auto poor = short_operation;
    poor.clock_estimate_ns = estimate;
    EXPECT_EQ(choose_start(poor), StartBy::barrier) << estimate;
  }
}

TEST(StartTime, LiesThreeBroadcastsAhead) {
  EXPECT_EQ(start_time(1000, 100), 1300);
  EXPECT_EQ(start_time(1000, 100.1), 1301);
}

/// A clock that moves 10 ns per reading.
struct Counting {
  std::int64_t now_ns = 0;
  CommonClock::Lens reading() {
    return [this](std::int64_t) { return now_ns += 10; };
  }
};

TEST(StartTogether, SpinsUntilTheAgreedMoment) {
  const auto team = comm::make_solo_team();
  Counting counting;
  const CommonClock clock(*team, counting.reading());
  const auto start = start_together(*team, {clock, 1000});  // reads 10: 3010 is agreed
  EXPECT_EQ(start.begun_ns, 3010);
  EXPECT_FALSE(start.late);
}

TEST(StartTogether, SaysThatItIsLate) {
  const auto team = comm::make_solo_team();
  Counting counting;
  const CommonClock clock(*team, counting.reading());
  const auto start = start_together(*team, {clock, 1});  // reads 10: 13 is agreed, the next is 20
  EXPECT_EQ(start.begun_ns, 20);
  EXPECT_TRUE(start.late);
}

TEST(StartCost, OfOneRankHasNoSkew) {
  const auto team = comm::make_solo_team();
  Counting counting;
  const CommonClock clock(*team, counting.reading());
  const auto cost = measure_start_cost(*team, clock, 100);
  EXPECT_EQ(cost.barrier_skew_ns, 0);
  EXPECT_EQ(cost.broadcast_ns, 10);
}

}  // namespace
}  // namespace assay::run

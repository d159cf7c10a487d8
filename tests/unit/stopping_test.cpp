#include "harness/run/stopping.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace assay::run {
namespace {

std::vector<float> noise(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> values(n);
  for (auto& value : values)
    value = 1e-5F * (1 + 0.1F * static_cast<float>(random() % 1000) / 1000);
  return values;
}

TEST(Pilot, IndependentNoiseIsEnoughAtOnce) {
  EXPECT_EQ(judge_pilot({noise(500, 1)}, 1, {}).next, PilotVerdict::Next::enough);
}

TEST(Pilot, AGroupThatIsStillSettlingStartsOver) {
  auto settling = noise(500, 1);
  for (std::size_t i = 0; i < settling.size(); ++i)
    settling[i] += 1e-4F * std::exp(-static_cast<float>(i) / 400);
  EXPECT_EQ(judge_pilot({noise(500, 2), settling}, 1, {}).next, PilotVerdict::Next::again);
  EXPECT_NE(judge_pilot({noise(500, 2), settling}, 4, {}).next, PilotVerdict::Next::again)
      << "four attempts are all there are";
}

TEST(Pilot, LongMemoryAsksForALongerPilot) {
  std::mt19937_64 random(3);
  std::vector<float> walk(500);
  float state = 0;
  for (auto& value : walk) {
    state = 0.97F * state + static_cast<float>(random() % 1000) / 1000 - 0.5F;
    value = 1e-5F * (10 + state);
  }
  const auto verdict = judge_pilot({walk}, 4, {});
  EXPECT_EQ(verdict.next, PilotVerdict::Next::extend);
  EXPECT_GT(verdict.iterations, 0);
}

TEST(Pilot, IsLongEnoughForTheBlockLengthThatItDecides) {
  const auto verdict = judge_pilot({noise(100, 1)}, 1, {});
  EXPECT_EQ(verdict.next, PilotVerdict::Next::extend);
  EXPECT_EQ(verdict.iterations, 400);
  EXPECT_EQ(judge_pilot({noise(100, 1)}, 1, {.block_length = 5}).next, PilotVerdict::Next::enough);
}

TEST(Pilot, ATailAsksForTwentyExceedances) {
  const auto verdict = judge_pilot({noise(500, 1)}, 1, {.quantiles = {0.5, 0.01}});
  EXPECT_EQ(verdict.next, PilotVerdict::Next::extend);
  EXPECT_GE(verdict.iterations, 1500);
  EXPECT_LT(verdict.iterations, 6000);
  const auto bounded = judge_pilot({noise(500, 1)}, 1, {.quantiles = {0.0001}});
  EXPECT_EQ(bounded.iterations, 20'000 - 500);
}

TEST(Pilot, IsNeverBegunAnewForWhatAShortOneCannotTell) {
  auto settling_still = noise(199, 1);
  for (std::size_t i = 0; i < settling_still.size(); ++i)
    settling_still[i] += 1e-6F * static_cast<float>(i);
  EXPECT_EQ(settling({settling_still}), stats::Settling::unknown);
  EXPECT_EQ(judge_pilot({settling_still}, 1, {}).next, PilotVerdict::Next::extend);
}

TEST(Settling, IsThatOfTheWorstGroup) {
  using stats::Settling;
  auto drifting = noise(500, 1);
  for (std::size_t i = 0; i < drifting.size(); ++i) drifting[i] += 1e-6F * static_cast<float>(i);
  EXPECT_EQ(settling({}), Settling::unknown);
  EXPECT_EQ(settling({noise(500, 1), noise(500, 2)}), Settling::over);
  EXPECT_EQ(settling({noise(500, 1), noise(20, 2)}), Settling::unknown);
  EXPECT_EQ(settling({noise(20, 2), drifting}), Settling::still);
}

TEST(LateIterations, AreMadeUpForInWholeBlocks) {
  const TimedPlan plan{.iterations = 33, .block_length = 11};
  const TimeLeft plenty{1e-3, 60};
  EXPECT_EQ(iterations_to_add(plan, {.late = 0}, plenty), 0);
  EXPECT_EQ(iterations_to_add(plan, {.late = 1}, plenty), 11);
  EXPECT_EQ(iterations_to_add(plan, {.late = 11, .added = 11}, plenty), 0);
  EXPECT_EQ(iterations_to_add(plan, {.late = 12, .added = 11}, plenty), 11);
  EXPECT_EQ(iterations_to_add({.iterations = 30}, {.late = 7}, plenty), 7) << "no blocks";
}

TEST(LateIterations, AreAddedWithinTheTimeAndThePlanOnceMore) {
  const TimedPlan plan{.iterations = 33, .block_length = 11};
  EXPECT_EQ(iterations_to_add(plan, {.late = 33}, {1e-3, 0.025}), 22);
  EXPECT_EQ(iterations_to_add(plan, {.late = 33}, {1e-3, 0.010}), 0);
  EXPECT_EQ(iterations_to_add(plan, {.late = 33}, {1e-3, -1}), 0);
  EXPECT_EQ(iterations_to_add(plan, {.late = 60, .added = 22}, {1e-3, 60}), 11);
  EXPECT_EQ(iterations_to_add(plan, {.late = 66, .added = 33}, {1e-3, 60}), 0);
}

TEST(TimedPlan, BlocksTakeTheirLengthFromThePilot) {
  const auto plan = plan_timed({.blocks = 64}, {noise(500, 1)}, 1e-5, 60);
  EXPECT_EQ(plan.block_length, 11);  // 10 τ without memory, odd
  EXPECT_EQ(plan.iterations, 64 * 11);
  EXPECT_EQ(plan.blocks_dropped, 0);
}

TEST(TimedPlan, ATailAsksForLongerBlocks) {
  const auto plan = plan_timed({.blocks = 64, .quantiles = {0.05}}, {noise(2000, 1)}, 1e-5, 60);
  EXPECT_GE(plan.block_length, 93);
}

TEST(TimedPlan, AFixedLengthIsKept) {
  const auto plan = plan_timed({.blocks = 46, .block_length = 1}, {noise(20, 1)}, 1e-2, 60);
  EXPECT_EQ(plan.block_length, 1);
  EXPECT_EQ(plan.iterations, 46);
}

TEST(TimedPlan, ACapDropsWholeBlocksAndSaysSo) {
  const auto plan = plan_timed({.blocks = 64, .block_length = 3}, {}, 1.0, 30);
  EXPECT_EQ(plan.iterations, 30);
  EXPECT_EQ(plan.blocks_dropped, 54);
}

TEST(TimedPlan, OneBlockIsAlwaysMeasured) {
  EXPECT_EQ(plan_timed({.blocks = 64, .block_length = 3}, {}, 100.0, 1).iterations, 3);
}

TEST(Enough, TimeIsTime) {
  const Stop stop{.kind = StopKind::time, .time_s = 2};
  EXPECT_FALSE(enough(stop, {noise(10, 1)}, 1.9));
  EXPECT_TRUE(enough(stop, {noise(10, 1)}, 2.0));
}

TEST(Enough, PrecisionIsThatOfTheWorstGroup) {
  const Stop stop{.kind = StopKind::precision, .precision = 0.01};
  EXPECT_FALSE(enough(stop, {noise(20, 1)}, 1)) << "too few to say";
  EXPECT_TRUE(enough(stop, {noise(20'000, 1)}, 1));
  EXPECT_FALSE(enough(stop, {noise(20'000, 1), noise(40, 2)}, 1));
  const Stop capped{.kind = StopKind::precision, .time_s = 1, .precision = 1e-9};
  EXPECT_TRUE(enough(capped, {noise(100, 1)}, 1.5));
}

TEST(IterationsFor, StaysWithinItsBounds) {
  EXPECT_EQ(iterations_for(0.5, 1e-3, 10'000), 500);
  EXPECT_EQ(iterations_for(0.5, 10, 100), 1);
  EXPECT_EQ(iterations_for(0.5, 0, 100), 100);
}

}  // namespace
}  // namespace assay::run

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "harness/stats/block_test.hpp"

namespace assay::stats {
namespace {

constexpr BlockQuestion floor_question{.bound = 100, .guarded = 98};
constexpr BlockQuestion ceiling_question{.side = RightSide::at_most, .bound = 100, .guarded = 102};

/// `n` blocks of which every (n / bad)-th is `low`, the others `high`: no memory, no trend.
std::vector<double> blocks(std::size_t n, std::size_t bad, double low, double high) {
  std::vector<double> values(n, high);
  for (std::size_t i = 0; i < bad; ++i) values[(2 * i + 1) * n / (2 * bad)] = low;
  return values;
}

TEST(IsBad, TheBoundItselfIsRight) {
  EXPECT_FALSE(is_bad(100, RightSide::at_least, 100));
  EXPECT_TRUE(is_bad(99.9, RightSide::at_least, 100));
  EXPECT_FALSE(is_bad(100, RightSide::at_most, 100));
  EXPECT_TRUE(is_bad(100.1, RightSide::at_most, 100));
  EXPECT_TRUE(is_bad(std::nan(""), RightSide::at_least, 100));
  EXPECT_TRUE(is_bad(std::nan(""), RightSide::at_most, 100));
}

TEST(Decide, FlawlessBlocksPassFromTheZeroDefectMinimum) {
  const BlockDecision few = decide(std::vector<double>(28, 110), floor_question);
  EXPECT_EQ(few.outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(few.hindrance, Hindrance::too_few);
  EXPECT_TRUE(few.median.pass);
  EXPECT_FALSE(few.regime.pass);
  EXPECT_EQ(few.regime.accept_at_most, -1);
  EXPECT_EQ(projected_blocks(few, floor_question), 29);

  const BlockDecision enough = decide(std::vector<double>(29, 110), floor_question);
  EXPECT_EQ(enough.outcome, BlockOutcome::pass);
  EXPECT_EQ(enough.hindrance, Hindrance::none);
  EXPECT_FALSE(enough.marginal);
  EXPECT_EQ(enough.median.q0, .5);
  EXPECT_EQ(enough.regime.q0, .1);
  EXPECT_EQ(enough.regime.accept_at_most, 0);
}

TEST(Decide, NoBlocks) {
  const BlockDecision none = decide({}, floor_question);
  EXPECT_EQ(none.outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(none.hindrance, Hindrance::too_few);
  EXPECT_EQ(projected_blocks(none, floor_question), 29);
}

TEST(Decide, AllBadFailsEarly) {
  // ½⁶ = .0156 ≤ .025 < ½⁵, but three of three below the guarded bound are .1³ already.
  EXPECT_EQ(decide(std::vector<double>(5, 99), floor_question).outcome, BlockOutcome::inconclusive);
  const BlockDecision below = decide(std::vector<double>(6, 99), floor_question);
  EXPECT_EQ(below.outcome, BlockOutcome::fail);
  EXPECT_EQ(below.median.bad, 6);
  EXPECT_EQ(below.median.bad_guarded, 0);
  EXPECT_EQ(below.median.reject_at_least, 6);
  EXPECT_EQ(decide(std::vector<double>(2, 90), floor_question).outcome, BlockOutcome::fail)
      << ".1² = .01 ≤ .025";
}

TEST(Decide, CountsOnBothSides) {
  // 64 blocks: L(.1) = 2, R(.1, .025) = 12; L(.5) = 24, R(.5, .025) = 41.
  const auto outcome = [](std::size_t bad, double low) {
    return decide(blocks(64, bad, low, 110), floor_question);
  };
  EXPECT_EQ(outcome(2, 90).outcome, BlockOutcome::pass);
  EXPECT_EQ(outcome(3, 90).outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(outcome(3, 90).hindrance, Hindrance::undecided);
  EXPECT_EQ(outcome(11, 90).outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(outcome(12, 90).outcome, BlockOutcome::fail) << "the regime test alone";
  EXPECT_FALSE(outcome(12, 90).median.fail);
  EXPECT_EQ(outcome(32, 99).outcome, BlockOutcome::pass) << "the median is exactly at X";
  EXPECT_EQ(outcome(40, 99).outcome, BlockOutcome::pass);
}

TEST(Decide, BothAtOnceIsAMarginalPass) {
  const BlockDecision decision = decide(blocks(64, 64, 99, 110), floor_question);
  EXPECT_TRUE(decision.median.fail);
  EXPECT_EQ(decision.outcome, BlockOutcome::pass);
  EXPECT_TRUE(decision.marginal);
}

TEST(Decide, AtMostIsTheMirrorImage) {
  for (const std::size_t bad : {0U, 2U, 3U, 12U, 30U, 64U}) {
    for (const double off : {1.0, 10.0}) {
      const auto floor =
          decide(blocks(64, bad == 0 ? 1 : bad, bad == 0 ? 105 : 100 - off, 105), floor_question);
      const auto ceiling =
          decide(blocks(64, bad == 0 ? 1 : bad, bad == 0 ? 95 : 100 + off, 95), ceiling_question);
      EXPECT_EQ(floor.outcome, ceiling.outcome) << bad << ' ' << off;
      EXPECT_EQ(floor.median.bad, ceiling.median.bad);
      EXPECT_EQ(floor.regime.bad_guarded, ceiling.regime.bad_guarded);
      EXPECT_EQ(floor.lag1_p, ceiling.lag1_p);
    }
  }
}

TEST(Decide, CorrelatedBlocksDecideNothing) {
  std::vector<double> spells(64, 110);
  std::fill_n(spells.begin() + 10, 12, 90);
  const BlockDecision decision = decide(spells, floor_question);
  EXPECT_TRUE(decision.regime.fail);
  EXPECT_LT(decision.lag1_p, 1e-6);
  EXPECT_EQ(decision.outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(decision.hindrance, Hindrance::correlated);
}

TEST(Decide, CorrelationAtEitherBoundCounts) {
  // Clear of the guarded bound, but in two long spells around X.
  std::vector<double> spells(64, 101);
  std::fill_n(spells.begin() + 20, 20, 99);
  EXPECT_EQ(decide(spells, floor_question).hindrance, Hindrance::correlated);
}

TEST(Decide, AllBadFailsHoweverCorrelatedAtTheGuardedBound) {
  std::vector<double> spells(64, 99);
  std::fill_n(spells.begin() + 20, 30, 90);
  const BlockDecision decision = decide(spells, floor_question);
  EXPECT_LT(decision.lag1_p, .01);
  EXPECT_EQ(decision.outcome, BlockOutcome::fail);
}

/// 32 blocks that fall by `step` each, from `first`.
std::vector<double> falling(double first, double step) {
  std::vector<double> values(32);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first - step * static_cast<double>(i);
  return values;
}

TEST(Decide, ADriftTowardsTheBoundForbidsPass) {
  // From 110 by .2: 103.8 at the end of this run, 97.4 < 98 at the end of another.
  const BlockDecision drifting = decide(falling(110, .2), floor_question);
  EXPECT_TRUE(drifting.trend_fires);
  EXPECT_EQ(drifting.outcome, BlockOutcome::inconclusive);
  EXPECT_EQ(drifting.hindrance, Hindrance::trend);
  EXPECT_NEAR(drifting.trend.slope, -.2, 1e-9);

  const BlockDecision harmless = decide(falling(110, .19), floor_question);
  EXPECT_FALSE(harmless.trend_fires) << "98.03 at the end of another run";
  EXPECT_LT(harmless.trend.p_value, .01) << "recorded all the same";
  EXPECT_EQ(harmless.outcome, BlockOutcome::pass);

  const BlockDecision improving = decide(falling(100, -1), floor_question);
  EXPECT_EQ(improving.outcome, BlockOutcome::pass);
}

TEST(Decide, ATrendDoesNotForbidFail) {
  EXPECT_EQ(decide(falling(97, .2), floor_question).outcome, BlockOutcome::fail);
}

TEST(Decide, LostBlocksAreBad) {
  std::vector<double> lost(64, 110);
  for (const std::size_t i : {5U, 20U, 40U}) lost[i] = std::nan("");
  EXPECT_EQ(decide(lost, floor_question).regime.bad_guarded, 3);
  EXPECT_EQ(decide(lost, floor_question).outcome, BlockOutcome::inconclusive);
  std::vector<double> hung(64, 90);
  hung[3] = std::numeric_limits<double>::infinity();
  EXPECT_EQ(decide(hung, ceiling_question).regime.bad_guarded, 1);
}

TEST(Decide, RefusesNonsense) {
  const std::vector<double> any(32, 1.0);
  EXPECT_THROW(decide(any, {.bound = 100, .guarded = 101}), std::invalid_argument);
  EXPECT_THROW(decide(any, {.side = RightSide::at_most, .bound = 100, .guarded = 99}),
               std::invalid_argument);
  EXPECT_THROW(decide(any, {.bound = std::nan(""), .guarded = 1}), std::invalid_argument);
  EXPECT_THROW(decide(any, {.bound = 1, .guarded = 1, .alpha_pass = 0}), std::invalid_argument);
  EXPECT_THROW(decide(any, {.bound = 1, .guarded = 1, .alpha_fail = 1}), std::invalid_argument);
}

TEST(ProjectedBlocks, WouldDecide) {
  const BlockDecision open = decide(blocks(32, 1, 90, 110), floor_question);
  ASSERT_EQ(open.hindrance, Hindrance::undecided);
  const auto needed = projected_blocks(open, floor_question);
  ASSERT_TRUE(needed);
  const auto n = static_cast<std::size_t>(*needed);
  EXPECT_GT(n, 32U);
  EXPECT_LE(n, 100U);
  const auto bad = static_cast<std::size_t>(std::lround(static_cast<double>(n) / 32));
  EXPECT_EQ(decide(blocks(n, bad, 90, 110), floor_question).outcome, BlockOutcome::pass);

  const BlockDecision endless = decide(blocks(40, 4, 90, 110), floor_question);
  EXPECT_FALSE(projected_blocks(endless, floor_question)) << "exactly on the edge for ever";
}

}  // namespace
}  // namespace assay::stats

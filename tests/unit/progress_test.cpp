#include "harness/run/progress.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace assay::run {
namespace {

const std::vector<std::string> labels = {"c000 (noop)", "c001 (copy 1 GiB)"};

TEST(Progress, PacksEveryField) {
  for (const Position& position :
       {Position{}, Position{0, Phase::prepare, false, 0}, Position{9, Phase::timed, true, 12345},
        Position{0xfffe, Phase::finished, true, 0xffffffff}})
    EXPECT_EQ(Progress::unpack(Progress::pack(position)), position);
}

TEST(Progress, CountsLaunches) {
  Progress progress;
  EXPECT_EQ(progress.load(), (Position{no_case, Phase::start_up, false, 0}));
  progress.enter_phase(3, Phase::warm_up);
  progress.enter_launch();
  EXPECT_EQ(progress.load(), (Position{3, Phase::warm_up, true, 0}));
  progress.exit_launch();
  progress.enter_launch();
  progress.exit_launch();
  EXPECT_EQ(progress.load(), (Position{3, Phase::warm_up, false, 2}));
  progress.enter_phase(3, Phase::timed);
  EXPECT_EQ(progress.load(), (Position{3, Phase::timed, false, 0}));
}

TEST(Progress, OrderIsByCasePhaseIterationAndEntry) {
  const std::vector<Position> ascending = {
      {no_case, Phase::start_up, false, 0}, {no_case, Phase::control, false, 0},
      {0, Phase::prepare, false, 0},        {0, Phase::timed, false, 7},
      {0, Phase::timed, true, 7},           {0, Phase::timed, false, 8},
      {0, Phase::timed, false, 0xffffffff}, {0, Phase::control, false, 0},
      {1, Phase::prepare, false, 0},        {no_case, Phase::tear_down, false, 0}};
  for (std::size_t i = 1; i < ascending.size(); ++i)
    EXPECT_LT(progress_order(ascending[i - 1]), progress_order(ascending[i])) << i;
}

TEST(Progress, IsDescribedForAPerson) {
  EXPECT_EQ(describe({no_case, Phase::start_up, false, 0}, labels), "start-up");
  EXPECT_EQ(describe({no_case, Phase::control, false, 0}, labels),
            "a control-plane call, before any case");
  EXPECT_EQ(describe({1, Phase::timed, true, 1432}, labels),
            "case c001 (copy 1 GiB), timed iteration 1432, inside the operation");
  EXPECT_EQ(describe({0, Phase::warm_up, false, 2}, labels),
            "case c000 (noop), warm-up iteration 2, between operations");
  EXPECT_EQ(describe({0, Phase::verify, false, 0}, labels), "case c000 (noop), verification");
  EXPECT_EQ(describe({2, Phase::control, false, 0}, labels), "case #2, a control-plane call");
  EXPECT_EQ(describe({1, Phase::tear_down, false, 0}, labels), "teardown");
}

TEST(Progress, EveryPhaseHasItsName) {
  for (int phase = 0; phase <= static_cast<int>(Phase::finished); ++phase)
    EXPECT_NE(name(static_cast<Phase>(phase)), "an unknown phase");
  EXPECT_EQ(name(static_cast<Phase>(99)), "an unknown phase");
}

}  // namespace
}  // namespace assay::run

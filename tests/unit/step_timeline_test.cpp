// Timelines by hand, in nanoseconds that count as seconds times 1e-9.
#include "harness/schedule/step_timeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "harness/schedule/step_builder.hpp"

namespace assay::step {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Optional;

constexpr std::size_t tp = 0, dp = 1;

Activity compute(std::int64_t begin, std::int64_t end) { return {{begin, end}}; }
Activity communicate(std::size_t label, std::int64_t begin, std::int64_t end,
                     std::int64_t all_there = 0) {
  return {{begin, end}, label, all_there};
}

auto ns(double count) { return DoubleNear(count * 1e-9, 1e-15); }

Breakdown of(const std::vector<Activity>& activities) {
  const auto found = breakdown(activities, 2, {0, 100});
  const double parts = std::accumulate(found.exposed_s.begin(), found.exposed_s.end(),
                                       found.compute_s + found.idle_s);
  EXPECT_THAT(parts, ns(100)) << "the parts are the step";
  EXPECT_THAT(found.step_s, ns(100));
  return found;
}

TEST(Timeline, NothingIsAllIdle) {
  const auto found = of({});
  EXPECT_THAT(found.idle_s, ns(100));
  EXPECT_THAT(found.bubble(), DoubleNear(1, 1e-9));
  EXPECT_EQ(found.overlap_ratio(), std::nullopt);
  EXPECT_EQ(breakdown({}, 0, {0, 0}).bubble(), 0);
}

TEST(Timeline, CommunicationUnderComputeIsNotExposed) {
  const auto found = of({compute(0, 60), communicate(dp, 20, 90)});
  EXPECT_THAT(found.compute_s, ns(60));
  EXPECT_THAT(found.exposed_s, ElementsAre(ns(0), ns(30)));
  EXPECT_THAT(found.idle_s, ns(10));
  EXPECT_THAT(found.communication_s, ns(70));
  EXPECT_THAT(found.overlap_ratio(), Optional(DoubleNear(4.0 / 7, 1e-9)));
}

TEST(Timeline, WhatIsExposedAtOnceIsSplitEqually) {
  const auto found = of({communicate(tp, 0, 60), communicate(dp, 40, 80)});
  EXPECT_THAT(found.exposed_s, ElementsAre(ns(50), ns(30)));
}

TEST(Timeline, TwoOfOneLabelCountOnce) {
  const auto found = of({communicate(tp, 0, 60), communicate(tp, 20, 40), communicate(dp, 20, 40)});
  EXPECT_THAT(found.exposed_s, ElementsAre(ns(50), ns(10)));
  EXPECT_THAT(found.communication_s, ns(60));
}

TEST(Timeline, OverlappingComputeCountsOnce) {
  const auto found = of({compute(0, 30), compute(20, 50), compute(50, 60)});
  EXPECT_THAT(found.compute_s, ns(60));
}

TEST(Timeline, WhatLiesOutsideTheStepIsCutOff) {
  const auto found = of({compute(-50, 10), communicate(tp, 90, 300), compute(200, 300)});
  EXPECT_THAT(found.compute_s, ns(10));
  EXPECT_THAT(found.exposed_s, ElementsAre(ns(10), ns(0)));
}

TEST(Timeline, WaitingEndsWhenAllAreThere) {
  // Waits from 20 to 50, computes from 30 to 40 meanwhile, transfers from 50 to 80.
  const auto found = of({compute(0, 20), communicate(tp, 20, 80, 50), compute(30, 40)});
  EXPECT_THAT(found.waiting_s, ns(20 + 20)) << "and is idle from 80 on";
  EXPECT_THAT(found.comm_wait_s(), ns(30)) << "whatever is computed meanwhile";
  EXPECT_THAT(found.transfer_s, ns(30));
  EXPECT_THAT(found.exposed_s, ElementsAre(ns(50), ns(0))) << "waiting is exposed too";
  // Others arrive after it has ended: their clock is not quite this one.
  EXPECT_THAT(of({communicate(tp, 0, 40, 60)}).waiting_s, ns(100));
  // While one waits another transfers: no bubble.
  const auto busy = of({communicate(tp, 0, 100, 100), communicate(dp, 0, 60)});
  EXPECT_THAT(busy.waiting_s, ns(40));
}

TEST(Timeline, ExtentIsFromTheFirstBeginToTheLastEnd) {
  const std::vector<Activity> some{compute(5, 7), communicate(tp, 3, 4), compute(1, 2)};
  EXPECT_EQ(extent(some).begin_ns, 1);
  EXPECT_EQ(extent(some).end_ns, 7);
  EXPECT_EQ(extent({}).end_ns, 0);
}

TEST(Timeline, IsReadOffAScheduleAndWhatAnExecutorMeasured) {
  Builder build(2);
  const auto buffer = build.buffer("x", DataType::fp32, 8);
  build.add(0, {"clear", ElementWise{32}}, {write(buffer)});
  build.add(1, {"sum", Collect{Collective::all_reduce, 2, 8, DataType::fp32}}, {update(buffer)});
  const auto schedule = build.done();
  const Job job{2, {}, {{"a", "tp", {2, 1}}, {"b", "tp", {2, 1}}, {"c", "dp", {2, 1}}}, {}, {}};
  EXPECT_THAT(labels_of(job), ElementsAre("tp", "dp"));
  const std::vector<std::int64_t> begin{0, 10}, end{10, 40}, there{5, 30};
  const auto found = activities(job, schedule, {begin, end, there});
  const auto parts = breakdown(found, 2, extent(found));
  EXPECT_THAT(parts.compute_s, ns(10));
  EXPECT_THAT(parts.exposed_s, ElementsAre(ns(0), ns(30)));
  EXPECT_THAT(parts.waiting_s, ns(20));
  EXPECT_EQ(activities(job, schedule, {begin, end, {}})[1].all_there_ns, 0);
}

}  // namespace
}  // namespace assay::step

#include "harness/run/arrival.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "harness/core/error.hpp"

namespace assay::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Three ranks, two iterations; in the first rank 1 comes last and waits least.
std::vector<Stamps> three_ranks() {
  return {{.arrival_ns = {0, 100}, .exit_ns = {50, 130}, .duration_ns = {50, 30}, .bound_ns = 2},
          {.arrival_ns = {40, 101}, .exit_ns = {48, 131}, .duration_ns = {8, 30}, .bound_ns = 5},
          {.arrival_ns = {1, 103}, .exit_ns = {49, 139}, .duration_ns = {48, 36}, .bound_ns = 3}};
}

TEST(Arrival, CombinesRanksPerIteration) {
  const auto group = combine(three_ranks());
  EXPECT_THAT(group.t_max_ns, ElementsAre(50, 36));
  EXPECT_THAT(group.t_span_ns, ElementsAre(50, 39));
  EXPECT_THAT(group.t_transfer_ns, ElementsAre(10, 36));
  EXPECT_THAT(group.last, ElementsAre(1, 2));
  EXPECT_EQ(group.bound_ns, 5);
}

TEST(Arrival, OfSeveralAtOnceTheHighestRankIsLast) {
  auto ranks = three_ranks();
  for (auto& rank : ranks) rank.arrival_ns = {7, 7};
  EXPECT_THAT(combine(ranks).last, ElementsAre(2, 2));
}

TEST(Arrival, ATeamOfOneGivesTheSameAsTheList) {
  const auto team = comm::make_solo_team();
  const auto ranks = three_ranks();
  const auto alone = combine(*team, ranks[1]);
  EXPECT_THAT(alone.t_span_ns, ElementsAre(8, 30));
  EXPECT_THAT(alone.t_transfer_ns, ElementsAre(8, 30));
  EXPECT_THAT(alone.last, ElementsAre(0, 0));
}

TEST(Arrival, RefusesRanksThatDisagreeOnTheNumberOfIterations) {
  auto ranks = three_ranks();
  ranks[2] = {};
  EXPECT_THROW(combine(ranks), InternalError);
  ranks[0].exit_ns.pop_back();
  EXPECT_THROW(combine(ranks), InternalError);
}

TEST(Arrival, GoesFromTheOwnClockToTheCommonOneSinceTheEpoch) {
  constexpr std::int64_t boot = 9'007'199'254'740'993;  // no double holds this
  ClockModel model;
  model.add({boot, 1000, 4, 4});
  model.add({boot + 1000, 1000, 6, 6});
  const std::vector<std::int64_t> arrivals{boot, boot + 10}, exits{boot + 7, boot + 1000};
  const auto stamps = to_common({arrivals, exits}, model, boot);
  EXPECT_THAT(stamps.arrival_ns, ElementsAre(1000, 1010));
  EXPECT_THAT(stamps.exit_ns, ElementsAre(1007, 2000));
  EXPECT_THAT(stamps.duration_ns, ElementsAre(7, 990));
  EXPECT_DOUBLE_EQ(stamps.bound_ns, 6);
}

GroupArrivals with_medians(double t_max, double t_span, double t_transfer) {
  return {.t_max_ns = {t_max},
          .t_span_ns = {t_span},
          .t_transfer_ns = {t_transfer},
          .last = {0},
          .bound_ns = 50};
}

TEST(ArrivalValidity, EachFigureNeedsAHundredTimesTheClockError) {
  const auto all = judge_arrivals(with_medians(10'000, 10'000, 10'000));
  EXPECT_EQ(all.t_span + all.t_transfer + all.last, "");
  const auto some = judge_arrivals(with_medians(9'999, 10'000, 9'000));
  EXPECT_EQ(some.t_span, "");
  EXPECT_EQ(some.t_transfer,
            "the clock error of up to 100.0 ns is more than 1% of the median t_transfer of "
            "9.000 us");
  EXPECT_THAT(some.last, HasSubstr("t_max"));
}

TEST(ArrivalValidity, FailsClosed) {
  auto unknown = with_medians(1e9, 1e9, 1e9);
  unknown.bound_ns = INFINITY;
  EXPECT_THAT(judge_arrivals(unknown).t_span, HasSubstr("could not be brought together"));
  unknown.bound_ns = NAN;
  EXPECT_NE(judge_arrivals(unknown).t_span, "");
  EXPECT_NE(judge_arrivals(with_medians(1e9, NAN, -1)).t_span, "");
  EXPECT_NE(judge_arrivals(with_medians(1e9, NAN, -1)).t_transfer, "");
  EXPECT_EQ(judge_arrivals({}).last, "no iteration was timed");
}

}  // namespace
}  // namespace assay::run

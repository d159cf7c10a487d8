// Figures from literals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "benchmarks/micro/generate_document.hpp"
#include "harness/result/figures.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::test {
namespace {

using result::CaseResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Metric& metric(std::string_view name) { return *find_metric(name); }

CaseResult with_times(std::vector<std::vector<float>> groups) {
  CaseResult c;
  c.spec.benchmark = "all_reduce";
  for (std::size_t g = 0; g < groups.size(); ++g)
    c.samples.series.push_back({"t_max", "s", Axis::iteration, g, std::move(groups[g])});
  return c;
}

CaseResult with_rate(std::vector<std::vector<float>> groups, double bytes) {
  auto c = with_times(std::move(groups));
  c.work = {{.amount = {{"bus_bytes", bytes}}, .absent = {}}};
  return c;
}

TEST(MetricValues, TimesAreTheStoredFloats) {
  const auto values = result::metric_values(with_times({{0.1F, 0.25F}}), metric("time"), 0);
  EXPECT_THAT(values.values, ElementsAre(double{0.1F}, 0.25));
  EXPECT_EQ(values.reason, "");
}

TEST(MetricValues, RatesAreAmountOverTime) {
  const auto c = with_rate({{0.5F, 0.25F}, {2.0F}}, 8);
  EXPECT_THAT(result::metric_values(c, metric("busbw"), 0).values, ElementsAre(16, 32));
  EXPECT_THAT(result::metric_values(c, metric("busbw"), 1).values, ElementsAre(4));
}

TEST(MetricValues, EachGroupHasItsOwnWork) {
  auto c = with_rate({{0.5F}, {0.5F}}, 8);
  c.work.push_back({.amount = {}, .absent = {{"bus_bytes", "a group of one rank"}}});
  EXPECT_THAT(result::metric_values(c, metric("busbw"), 0).values, ElementsAre(16));
  EXPECT_EQ(result::metric_values(c, metric("busbw"), 1).reason, "a group of one rank");
}

TEST(MetricValues, ThePilotIsAnotherSeries) {
  auto c = with_rate({{0.5F}}, 8);
  c.samples.series.push_back({"pilot", "s", Axis::iteration, 0, {0.125F}});
  EXPECT_THAT(result::metric_values(c, metric("time"), 0, "pilot").values, ElementsAre(0.125));
  EXPECT_THAT(result::metric_values(c, metric("busbw"), 0, "pilot").values, ElementsAre(64));
}

TEST(MetricValues, WhatIsAbsentSaysWhy) {
  auto c = with_rate({{0.5F}}, 8);
  EXPECT_EQ(result::metric_values(c, metric("flops"), 0).reason, "all_reduce has no flops");
  EXPECT_EQ(result::metric_values(c, metric("span"), 0).reason, "no t_span was recorded");
  EXPECT_EQ(result::metric_values(c, metric("time"), 7).reason, "no t_max was recorded");
  c.absent["span"] = "no common clock";
  EXPECT_EQ(result::metric_values(c, metric("span"), 0).reason, "no common clock");
  c.status = result::Status::skipped;
  c.reason = "needs 3 ranks";
  EXPECT_EQ(result::metric_values(c, metric("time"), 0).reason, "needs 3 ranks");
}

TEST(MetricValues, NothingThatIsNotFinite) {
  const auto inf = std::numeric_limits<float>::infinity();
  for (const float odd : {NAN, inf, -inf}) {
    const auto values = result::metric_values(with_times({{1, odd}}), metric("time"), 0);
    EXPECT_TRUE(values.values.empty());
    EXPECT_EQ(values.reason, "value 1 of t_max is not finite");
  }
  const auto c = with_rate({{1, 0}}, 8);
  EXPECT_EQ(result::metric_values(c, metric("time"), 0).values.size(), 2U);
  EXPECT_EQ(result::metric_values(c, metric("busbw"), 0).reason,
            "value 1 of t_max is 0 s: no busbw can be formed");
  EXPECT_THAT(result::metric_values(with_rate({{1}}, NAN), metric("busbw"), 0).reason,
              HasSubstr("not finite"));
}

TEST(Figure, QuantilesOfATime) {
  std::vector<float> values;
  for (int i = 100; i >= 1; --i) values.push_back(static_cast<float>(i));
  const auto f = *result::figure(with_times({values}), metric("time"), 0);
  EXPECT_EQ(f.n, 100U);
  EXPECT_EQ(f.p1, 1);
  EXPECT_EQ(f.p50, 50);
  EXPECT_EQ(f.p99, 99);
  EXPECT_EQ(f.min, 1);
  EXPECT_EQ(f.max, 100);
  EXPECT_EQ(f.mean, 50.5);
}

TEST(Figure, RatesAreSummarisedFromSummedCost) {
  const auto f = *result::figure(with_rate({{1, 3}}, 12), metric("busbw"), 0);
  EXPECT_EQ(f.mean, 6);  // 24 bytes in 4 seconds; the mean of rates would be 8
  EXPECT_EQ(f.p50, 4);
}

TEST(Figure, IndependentValuesHaveTheBinomialInterval) {
  std::vector<float> values;  // 1 … 100 in an order without memory
  for (int i = 0; i < 100; ++i) values.push_back(static_cast<float>(i * 37 % 101 + 1));
  const auto c = with_times({values});
  const auto f = *result::figure(c, metric("time"), 0);
  ASSERT_TRUE(f.p50_lower && f.p50_upper);
  EXPECT_LT(*f.p50_lower, f.p50);
  EXPECT_GT(*f.p50_upper, f.p50);
}

TEST(Figure, ThreeValuesHaveNoInterval) {
  const auto f = *result::figure(with_times({{1, 2, 3}}), metric("time"), 0);
  EXPECT_FALSE(f.p50_lower);
}

TEST(FigureOverGroups, WorstIsByTheSenseOfTheMetric) {
  const auto c = with_rate({{2, 2, 2}, {4, 4, 4}, {1, 1, 1}, {3, 3, 3}}, 12);
  const auto time = *result::figure_over_groups(c, metric("time"));
  EXPECT_EQ(time.worst.group, 1U);
  EXPECT_EQ(time.worst.p50, 4);
  EXPECT_EQ(time.best_p50, 1);
  EXPECT_EQ(time.median_p50, 2);
  EXPECT_EQ(time.groups, 4U);
  const auto rate = *result::figure_over_groups(c, metric("busbw"));
  EXPECT_EQ(rate.worst.group, 1U);
  EXPECT_EQ(rate.worst.p50, 3);
  EXPECT_EQ(rate.best_p50, 12);
  EXPECT_EQ(rate.median_p50, 4);
}

TEST(FigureOverGroups, AmongEqualsTheFirst) {
  const auto c = with_times({{1}, {2}, {2}});
  EXPECT_EQ(result::figure_over_groups(c, metric("time"))->worst.group, 1U);
}

TEST(FigureOverGroups, GroupsWithoutAFigureAreLeftOut) {
  const auto c = with_times({{1}, {}, {NAN}, {5}});
  const auto over = *result::figure_over_groups(c, metric("time"));
  EXPECT_EQ(over.groups, 2U);
  EXPECT_EQ(over.worst.group, 3U);
}

/// The short cut through order statistics of times gives the doubles of the long way, odd and even.
TEST(FigureOverGroups, AgreesWithSortedRates) {
  const DocumentShape shape{.world_iterations = 500, .node_iterations = 101, .each_iterations = 2};
  const auto header = generate_header(shape);
  for (std::size_t i = 0; i < shape.cases; ++i) {
    const auto c = generate_case(shape, header, i);
    for (const auto& row : metrics) {
      const auto over = result::figure_over_groups(c, row);
      if (!over) continue;
      std::vector<double> medians;
      for (std::size_t g = 0; g < result::group_count(c.samples); ++g)
        medians.push_back(stats::order_quantile(result::metric_values(c, row, g).values, 0.5));
      const auto [least, most] = std::minmax_element(medians.begin(), medians.end());
      const bool higher = row.better == Better::higher;
      EXPECT_EQ(over->worst.p50, higher ? *least : *most);
      EXPECT_EQ(over->best_p50, higher ? *most : *least);
      EXPECT_EQ(over->median_p50, stats::order_quantile(medians, 0.5));
    }
  }
}

TEST(FiguresOf, WhatTheCaseHas) {
  auto c = with_rate({{1, 2}}, 8);
  c.work[0].absent["flops"] = "not counted";
  c.absent["span"] = "no common clock";
  c.absent["time"] = "a lie";
  const auto figures = result::figures_of(c);
  ASSERT_EQ(figures.figures.size(), 2U);
  EXPECT_EQ(figures.figures[0].worst.metric, "time");
  EXPECT_EQ(figures.figures[1].worst.metric, "busbw");
  EXPECT_EQ(figures.absent, (std::map<std::string, std::string>{{"flops", "not counted"},
                                                                {"span", "no common clock"}}));
}

TEST(FiguresOf, ASkippedCaseHasNone) {
  auto c = with_rate({{1, 2}}, 8);
  c.status = result::Status::skipped;
  EXPECT_TRUE(result::figures_of(c).figures.empty());
}

TEST(FindSeries, InAnyOrder) {
  Samples samples;
  for (const char* name : {"a", "b", "c"})
    for (std::size_t g = 0; g < 3; ++g)
      samples.series.push_back({name, "s", Axis::iteration, g, {static_cast<float>(g)}});
  const auto check = [&] {
    for (const char* name : {"a", "b", "c"})
      for (std::size_t g = 0; g < 3; ++g) {
        const auto* found = result::find_series(samples, name, g);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->name, name);
        EXPECT_EQ(found->group, g);
      }
  };
  check();
  for (int turn = 0; turn < 20; ++turn) {
    std::rotate(samples.series.begin(), samples.series.begin() + 4, samples.series.end());
    std::swap(samples.series[1], samples.series[static_cast<std::size_t>(turn) % 9]);
    check();
  }
  EXPECT_EQ(result::find_series(samples, "d", 0), nullptr);
  EXPECT_EQ(result::find_series(samples, "a", 3), nullptr);
  EXPECT_EQ(result::find_series({}, "a", 0), nullptr);
}

}  // namespace
}  // namespace assay::test

#include "harness/schedule/training/routing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace assay::training {
namespace {

/// 256 experts, 8 per token, 64 ranks, 16,384 tokens.
constexpr RoutedShape calibrated{64, 256, 8, 256};

/// Means over layers: a single draw scatters.
Skew mean_skew(const Routing& routing, const RoutedShape& shape = calibrated) {
  constexpr int layers = 24;
  Skew mean{0, 0, 0};
  for (std::uint64_t layer = 0; layer < layers; ++layer) {
    const auto skew = skew_of(route(routing, shape, layer));
    mean.expert_max_over_mean += skew.expert_max_over_mean / layers;
    mean.expert_gini += skew.expert_gini / layers;
    mean.rank_max_over_mean += skew.rank_max_over_mean / layers;
  }
  return mean;
}

struct Calibration {
  RoutingKind kind;
  double parameter;
  Skew expected;
};

class Calibrated : public testing::TestWithParam<Calibration> {};

/// Published to two digits, of one draw each: 10% for Gini's coefficient, which hardly scatters,
/// 15% for the maxima.
TEST_P(Calibrated, IsAsSkewedAsItsParameterSays) {
  const auto& [kind, parameter, expected] = GetParam();
  const auto found = mean_skew({kind, parameter});
  EXPECT_NEAR(found.expert_max_over_mean / expected.expert_max_over_mean, 1, 0.15);
  EXPECT_NEAR(found.expert_gini / expected.expert_gini, 1, 0.10);
  EXPECT_NEAR(found.rank_max_over_mean / expected.rank_max_over_mean, 1, 0.15);
}

INSTANTIATE_TEST_SUITE_P(Table, Calibrated,
                         testing::Values(Calibration{RoutingKind::balanced, 0, {1.13, .025, 1.05}},
                                         Calibration{RoutingKind::dirichlet, 30, {1.57, .10, 1.23}},
                                         Calibration{RoutingKind::dirichlet, 10, {2.1, .18, 1.4}},
                                         Calibration{RoutingKind::dirichlet, 5, {2.6, .24, 1.5}},
                                         Calibration{RoutingKind::dirichlet, 1, {6.0, .49, 2.4}},
                                         Calibration{RoutingKind::zipf, .5, {7.6, .30, 2.55}}));

TEST(Routing, GiniOfADirichletIsThatOfTheory) {
  for (const double alpha : {2.0, 14.0}) {
    const auto theory =
        std::exp(std::lgamma(alpha + 0.5) - std::lgamma(alpha + 1)) / std::sqrt(std::acos(-1.0));
    EXPECT_NEAR(
        mean_skew({RoutingKind::dirichlet, alpha}, {1, 64, 1, 1 << 14}).expert_gini / theory, 1,
        0.15);
  }
}

TEST(Routing, EvenGivesEveryRankTheSame) {
  const auto routed = route({}, {4, 8, 2, 7}, 0);  // 14 rows over 8 experts
  for (int rank = 0; rank < 4; ++rank) EXPECT_EQ(routed.of_experts(rank), routed.of_experts(0));
  EXPECT_EQ(std::accumulate(routed.rows.begin(), routed.rows.end(), std::uint64_t{0}), 4U * 14);
  EXPECT_EQ(skew_of(routed).rank_max_over_mean, 1);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(routed.pair(0, i), routed.pair(1, (i + 1) % 4)) << "as seen from every rank";
}

TEST(Routing, EveryTokenGoesSomewhere) {
  for (const auto kind :
       {RoutingKind::balanced, RoutingKind::zipf, RoutingKind::dirichlet, RoutingKind::hot_rank}) {
    // The second one has more tokens than are drawn one by one.
    for (const std::uint64_t tokens : {100u, 50'000u}) {
      const auto routed = route({kind, 3}, {4, 16, 4, tokens, 4, 2}, 5);
      for (int from = 0; from < 4; ++from) {
        std::uint64_t sent = 0;
        for (int to = 0; to < 4; ++to) sent += routed.pair(from, to);
        EXPECT_EQ(sent, 4 * tokens);
      }
    }
  }
}

TEST(Routing, ExchangeAndProductsAreSkewedAlike) {
  const auto routed =
      std::make_shared<const Routed>(route({RoutingKind::hot_rank, 8}, {4, 16, 2, 1000}, 0));
  const RowCounts dispatch(routed, 10, RowCounts::Way::dispatch);
  const RowCounts combine(routed, 10, RowCounts::Way::combine);
  for (int rank = 0; rank < 4; ++rank) {
    const auto rows = routed->of_experts(rank);
    const auto received = std::accumulate(rows.begin(), rows.end(), std::uint64_t{0});
    EXPECT_EQ(dispatch.received(rank, 4), 10 * received);
    EXPECT_EQ(combine.sent(rank, 4), 10 * received);
  }
  EXPECT_EQ(dispatch(1, 2), combine(2, 1));
  EXPECT_GT(dispatch.received(0, 4), 2 * dispatch.received(1, 4));
}

TEST(Routing, DrawsAreOfTheSeedTheLayerAndTheStep) {
  const Routing routing{RoutingKind::dirichlet, 5, 7};
  const auto rows = [&](std::uint64_t layer, std::uint64_t step, const Routing& of) {
    return route(of, {4, 16, 2, 200}, layer, step).rows;
  };
  EXPECT_EQ(rows(3, 0, routing), rows(3, 0, routing));
  EXPECT_NE(rows(3, 0, routing), rows(4, 0, routing));
  EXPECT_NE(rows(3, 0, routing), rows(3, 1, routing));
  auto other = routing;
  other.seed = 8;
  EXPECT_NE(rows(3, 0, routing), rows(3, 0, other));
}

TEST(Routing, PopularityDriftsAsFarAsItMay) {
  const auto likeness = [](double persistence) {
    Routing routing{RoutingKind::dirichlet, 1, 3};
    routing.persistence = persistence;
    const RoutedShape shape{1, 64, 1, 1 << 14};
    const auto a = route(routing, shape, 0, 0).rows, b = route(routing, shape, 0, 4).rows;
    double dot = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const double x = static_cast<double>(a[i]) - 256, y = static_cast<double>(b[i]) - 256;
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    return dot / std::sqrt(aa * bb);
  };
  EXPECT_GT(likeness(1), 0.99);
  EXPECT_LT(likeness(0.1), 0.5);
}

/// What is given, not drawn, does not drift: a rank is as hot after four steps.
TEST(Routing, WhatIsGivenStays) {
  Routing routing{RoutingKind::hot_rank, 4, 3};
  routing.persistence = 0.5;
  const auto hot = [&](std::uint64_t step) {
    return skew_of(route(routing, {4, 16, 1, 1 << 12}, 0, step)).rank_max_over_mean;
  };
  EXPECT_NEAR(hot(4), 4. * 4 / 7, 0.1);
  EXPECT_NEAR(hot(4), hot(0), 0.1);
}

TEST(Routing, ATokensExpertsLieInAsManyGroupsAsItMay) {
  // 4 groups of 2 experts and 2 per token: with one group each, both of it.
  const auto routed = route({RoutingKind::balanced}, {1, 8, 2, 1000, 4, 1}, 0);
  for (std::size_t i = 0; i < 8; i += 2) EXPECT_EQ(routed.rows[i], routed.rows[i + 1]);
}

TEST(Routing, OwnTokensMayDifferFromThoseOfOtherRanks) {
  Routing routing{RoutingKind::balanced};
  const auto spread = [&] { return max_over_mean(route(routing, {4, 16, 1, 4000}, 0).rows); };
  EXPECT_LT(spread(), 1.3);
  routing.locality = 1;
  EXPECT_GT(spread(), 2);
}

TEST(Routing, FollowsATraceLineByLine) {
  Routing routing{RoutingKind::trace};
  routing.trace = {{1, 0, 0, 0}, {0, 0, 1, 1}};
  EXPECT_THAT(route(routing, {2, 4, 1, 100}, 0).rows,
              testing::ElementsAre(100, 0, 0, 0, 100, 0, 0, 0));
  const auto second = route(routing, {2, 4, 2, 100}, 3).rows;
  EXPECT_THAT(second, testing::ElementsAre(0, 0, 100, 100, 0, 0, 100, 100));
}

TEST(Skew, OfLiterals) {
  EXPECT_DOUBLE_EQ(max_over_mean({1, 2, 3}), 1.5);
  EXPECT_DOUBLE_EQ(max_over_mean({0, 0}), 1);
  EXPECT_DOUBLE_EQ(gini({5, 5, 5}), 0);
  EXPECT_DOUBLE_EQ(gini({8, 0, 0, 0}), 0.75);
}

}  // namespace
}  // namespace assay::training

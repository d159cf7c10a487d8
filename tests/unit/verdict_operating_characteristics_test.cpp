// Is the promise kept? Thousands of generated measurements go through the whole decision: pilot →
// block length → blocks → verdict. A verdict that the contract calls an error must come no more
// often than the contract says. The same yardstick must catch rules known to be broken.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "harness/stats/block_test.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"
#include "tests/unit/traces.hpp"

namespace assay::stats {
namespace {

using traces::Generator;
using traces::keeps;
using traces::Source;
using traces::take;

constexpr double alpha = 0.05;

struct Scenario {
  std::string name;
  Generator generator;
  double q = 0.5;
  RightSide side = RightSide::at_least;
  std::size_t blocks = 64;
  std::size_t pilots = 20;
  std::size_t runs_per_pilot = 40;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

/// The runs that follow one pilot, all with its block length: [run][block].
struct Runs {
  std::vector<std::vector<double>> blocks;
  std::vector<double> pooled;  ///< every block of every run, sorted: the truth about one block
};

std::int64_t length_from_pilot(const Scenario& scenario, std::uint64_t seed) {
  const Source source = scenario.generator(seed);
  std::vector<double> pilot = take(source, 500);
  while (std::ssize(pilot) < pilot_length(pilot)) {
    const auto more = static_cast<std::size_t>(pilot_length(pilot) - std::ssize(pilot));
    std::ranges::copy(take(source, more), std::back_inserter(pilot));
  }
  return block_length(pilot, scenario.q).length;
}

Runs replay(const Scenario& scenario, std::uint64_t pilot) {
  const std::int64_t length = length_from_pilot(scenario, 1'000'000 + pilot);
  Runs runs;
  for (std::size_t run = 0; run < scenario.runs_per_pilot; ++run) {
    const Source source = scenario.generator(pilot * scenario.runs_per_pilot + run);
    const auto values = take(source, scenario.blocks * static_cast<std::size_t>(length));
    runs.blocks.push_back(block_quantiles(values, length, scenario.q));
    std::ranges::copy(runs.blocks.back(), std::back_inserter(runs.pooled));
  }
  std::ranges::sort(runs.pooled);
  return runs;
}

/// The bound for which a share `bad` of all blocks is on its wrong side.
double bound_with(double bad, const Runs& runs, RightSide side) {
  return sorted_quantile(runs.pooled, side == RightSide::at_least ? bad : 1 - bad);
}

struct Rates {
  std::int64_t runs = 0;
  std::int64_t median_errors = 0;  ///< median test passes though half the blocks are bad
  std::int64_t false_accept = 0;   ///< PASS though 10% of the blocks are below the guarded bound
  std::int64_t false_reject = 0;   ///< FAIL though both promises are kept: δ = 2σ_b
  std::int64_t healthy_pass = 0;   ///< PASS where .5% of the blocks are bad
  std::int64_t sick_fail = 0;      ///< FAIL where 90% are below X and 60% below X(1−δ)
};

Rates measure(const Scenario& scenario) {
  Rates rates;
  for (std::size_t pilot = 0; pilot < scenario.pilots; ++pilot) {
    const Runs runs = replay(scenario, pilot);
    const auto ask = [&](double bad, double bad_guarded) {
      return BlockQuestion{.side = scenario.side,
                           .bound = bound_with(bad, runs, scenario.side),
                           .guarded = bound_with(bad_guarded, runs, scenario.side)};
    };
    for (const std::vector<double>& blocks : runs.blocks) {
      ++rates.runs;
      rates.median_errors += decide(blocks, ask(.5, .5)).median.pass ? 1 : 0;
      rates.false_accept += decide(blocks, ask(.5, .1)).outcome == BlockOutcome::pass ? 1 : 0;
      rates.false_reject += decide(blocks, ask(.5, .0228)).outcome == BlockOutcome::fail ? 1 : 0;
      rates.healthy_pass += decide(blocks, ask(.005, .005)).outcome == BlockOutcome::pass ? 1 : 0;
      rates.sick_fail += decide(blocks, ask(.9, .6)).outcome == BlockOutcome::fail ? 1 : 0;
    }
  }
  return rates;
}

class Characteristics : public testing::TestWithParam<Scenario> {};

TEST_P(Characteristics, ErrorsStayWithinTheirBounds) {
  const Rates rates = measure(GetParam());
  const auto share = [&](std::int64_t n) {
    return static_cast<double>(n) / static_cast<double>(rates.runs);
  };
  EXPECT_TRUE(keeps(alpha, rates.median_errors, rates.runs)) << share(rates.median_errors);
  EXPECT_TRUE(keeps(alpha, rates.false_accept, rates.runs)) << share(rates.false_accept);
  EXPECT_TRUE(keeps(alpha, rates.false_reject, rates.runs)) << share(rates.false_reject);
  EXPECT_GE(share(rates.healthy_pass), .8) << "a rule that never passes is no rule";
  EXPECT_GE(share(rates.sick_fail), .9);
}

double lognormal(double x) { return std::exp(x); }

INSTANTIATE_TEST_SUITE_P(
    Traces, Characteristics,
    testing::Values(Scenario{.name = "iid", .generator = traces::independent()},
                    Scenario{.name = "ar_60", .generator = traces::autoregressive(.6)},
                    Scenario{.name = "ar_90", .generator = traces::autoregressive(.9)},
                    Scenario{.name = "ar_97",
                             .generator = traces::autoregressive(.97),
                             .blocks = 32,
                             .runs_per_pilot = 30},
                    Scenario{.name = "student3", .generator = traces::student3()},
                    Scenario{.name = "lognormal_ar_60_at_most",
                             .generator = traces::autoregressive(.6, lognormal),
                             .side = RightSide::at_most},
                    Scenario{.name = "hidden_markov", .generator = traces::regimes(.25, 10)},
                    Scenario{.name = "bimodal", .generator = traces::bimodal(.6, 110)},
                    Scenario{.name = "p5_iid", .generator = traces::independent(), .q = .05},
                    Scenario{.name = "p5_ar_60", .generator = traces::autoregressive(.6), .q = .05},
                    Scenario{.name = "p5_ar_97",
                             .generator = traces::autoregressive(.97),
                             .q = .05,
                             .blocks = 32,
                             .runs_per_pilot = 12},
                    Scenario{.name = "p95_lognormal_at_most",
                             .generator = traces::autoregressive(0, lognormal),
                             .q = .95,
                             .side = RightSide::at_most}),
    [](const auto& test) { return test.param.name; });

constexpr std::int64_t replications = 1000;

BlockQuestion level_question(double guarded) {
  return {.side = RightSide::at_least, .bound = guarded, .guarded = guarded};
}

/// 20% slow for a quarter of the time, in spells longer than a block.
TEST(Regimes, AreSeenByTheSecondTestOnly) {
  std::int64_t median_passes = 0, accepted = 0;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    const auto values = take(traces::regimes(.25, 30)(seed), 64 * 11);
    const auto blocks = block_quantiles(values, 11, .5);
    const BlockDecision decision = decide(blocks, level_question(.9 * traces::level));
    median_passes += decision.median.pass ? 1 : 0;
    accepted += decision.outcome == BlockOutcome::pass ? 1 : 0;
  }
  EXPECT_FALSE(keeps(alpha, median_passes, replications)) << "the median is blind to it";
  EXPECT_GT(median_passes, replications / 2);
  EXPECT_TRUE(keeps(alpha, accepted, replications)) << accepted;
}

/// Blocks that fall from 6σ to 2σ above the guarded bound in this run, and would cross it in the
/// next; and the same drift far from the bound.
TEST(Drift, IsPunishedOnlyTowardsTheBound) {
  std::int64_t accepted = 0, harmless = 0;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    traces::Random random(seed);
    std::vector<double> blocks(64);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      blocks[i] = 106 - 4 * static_cast<double>(i) / 63 + random.normal();
    }
    accepted += decide(blocks, level_question(100)).outcome == BlockOutcome::pass ? 1 : 0;
    harmless += decide(blocks, level_question(90)).outcome == BlockOutcome::pass ? 1 : 0;
  }
  EXPECT_TRUE(keeps(alpha, accepted, replications)) << accepted;
  EXPECT_EQ(harmless, replications);
}

std::vector<std::int64_t> nominal_bounds(std::size_t most, double q0) {
  std::vector<std::int64_t> bounds;
  for (std::int64_t n = 1; n <= static_cast<std::int64_t>(most); ++n) {
    bounds.push_back(sequential_bounds(std::array{n}, q0, alpha, Side::pass).front());
  }
  return bounds;
}

/// Broken: looks after every sample up to 500, with a nominal 5% test each time.
std::int64_t accepted_by_peeking(double q0) {
  const std::vector<std::int64_t> bounds = nominal_bounds(500, q0);
  std::int64_t accepted = 0;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    traces::Random random(seed);
    std::int64_t bad = 0;
    accepted += std::ranges::any_of(bounds, [&](std::int64_t bound) {
      bad += random.chance(q0) ? 1 : 0;
      return bad <= bound;
    });
  }
  return accepted;
}

TEST(BrokenRules, PeekingIsCaught) {
  EXPECT_FALSE(keeps(alpha, accepted_by_peeking(.5), replications));
  EXPECT_FALSE(keeps(alpha, accepted_by_peeking(.05), replications));
  EXPECT_NEAR(static_cast<double>(accepted_by_peeking(.5)) / replications, .29, .05);
  EXPECT_NEAR(static_cast<double>(accepted_by_peeking(.05)) / replications, .18, .05);
}

struct SingleSamples {
  std::int64_t unguarded = 0;   ///< by the median test alone
  std::int64_t correlated = 0;  ///< noticed by the guard
};

/// Broken: takes samples for independent (blocks of one), at the median exactly.
SingleSamples accepted_as_independent(double rho) {
  SingleSamples accepted;
  for (std::uint64_t seed = 0; seed < replications; ++seed) {
    const auto samples = take(traces::autoregressive(rho)(seed), 300);
    const BlockDecision decision = decide(samples, level_question(traces::level));
    accepted.unguarded += decision.median.pass ? 1 : 0;
    accepted.correlated += decision.lag1_p < .01 ? 1 : 0;
  }
  return accepted;
}

TEST(BrokenRules, TakingSamplesForIndependentIsCaught) {
  struct Simulated {
    double rho, accepted;
  };
  for (const auto& [rho, expected] : {Simulated{.6, .13}, {.9, .29}, {.97, .42}}) {
    const SingleSamples accepted = accepted_as_independent(rho);
    EXPECT_FALSE(keeps(alpha, accepted.unguarded, replications)) << rho;
    EXPECT_NEAR(static_cast<double>(accepted.unguarded) / replications, expected, .05) << rho;
    EXPECT_GT(accepted.correlated, replications * 99 / 100) << "the guard sees it: " << rho;
  }
  EXPECT_TRUE(keeps(alpha, accepted_as_independent(0).unguarded, replications))
      << "the same rule is sound where samples are independent";
}

}  // namespace
}  // namespace assay::stats

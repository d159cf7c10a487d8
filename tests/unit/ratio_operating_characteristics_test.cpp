// Are decisions on ratios as seldom wrong as they say? Thousands of generated pairs of runs are
// compared. The same yardstick must catch rules known to be broken.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "harness/stats/ratio.hpp"
#include "harness/stats/sequential.hpp"
#include "tests/unit/traces.hpp"

namespace assay::stats {
namespace {

using traces::Generator;
using traces::keeps;
using traces::take;

constexpr double confidence = .95;

struct Scenario {
  std::string name;
  Generator generator;
  std::size_t iterations = 640;
  double effect = 1.05;  ///< a change that must be found, and half of it ruled out
  double q = .5;
  double sure = confidence;
  std::size_t pairs = 1000;
};

void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

std::vector<double> scaled(std::vector<double> values, double factor) {
  for (auto& value : values) value *= factor;
  return values;
}

struct Errors {
  std::int64_t change = 0;  ///< a change is seen where there is none
  std::int64_t same = 0;    ///< called the same at the very margin
  std::int64_t found = 0;   ///< a change as large as the effect is seen, and its direction
  std::int64_t kept = 0;    ///< no change is called none
};

Errors measure(const Scenario& scenario) {
  const double margin = (scenario.effect - 1) / 2;
  Errors errors;
  for (std::uint64_t pair = 0; pair < scenario.pairs; ++pair) {
    const auto estimated = [&](std::uint64_t seed, double factor) {
      return estimate_quantile(scaled(take(scenario.generator(seed), scenario.iterations), factor),
                               scenario.q, scenario.sure);
    };
    const auto base = estimated(2 * pair, 1);
    const auto changed = [&](double factor, double m) {
      return change_of(ratio_of(estimated(2 * pair + 1, factor), base), m);
    };
    const auto beside = changed(1, 0);
    errors.change += beside == Change::lower || beside == Change::higher;
    errors.same += changed(1 + margin, margin) == Change::same;
    errors.found += changed(scenario.effect, margin) == Change::higher;
    errors.kept += changed(1, margin) == Change::same;
  }
  return errors;
}

class Characteristics : public testing::TestWithParam<Scenario> {};

TEST_P(Characteristics, ErrorsStayWithinTheirBounds) {
  const auto& scenario = GetParam();
  const auto errors = measure(scenario);
  const auto pairs = static_cast<std::int64_t>(scenario.pairs);
  EXPECT_TRUE(keeps(1 - scenario.sure, errors.change, pairs)) << errors.change;
  EXPECT_TRUE(keeps(1 - scenario.sure, errors.same, pairs)) << errors.same;
  EXPECT_GE(errors.found, pairs * 9 / 10) << "a rule that never decides is no rule";
  EXPECT_GE(errors.kept, pairs * 9 / 10);
}

double lognormal(double x) { return std::exp(x / 4); }

INSTANTIATE_TEST_SUITE_P(
    Traces, Characteristics,
    testing::Values(
        Scenario{.name = "iid", .generator = traces::independent(), .iterations = 320},
        Scenario{.name = "ar_60", .generator = traces::autoregressive(.6)},
        Scenario{.name = "ar_90", .generator = traces::autoregressive(.9), .iterations = 2000},
        Scenario{.name = "ar_97",
                 .generator = traces::autoregressive(.97),
                 .iterations = 6500,
                 .pairs = 400},
        Scenario{.name = "student3", .generator = traces::student3()},
        Scenario{.name = "lognormal_ar_60",
                 .generator = traces::autoregressive(.6, lognormal),
                 .effect = 1.5},
        Scenario{
            .name = "hidden_markov", .generator = traces::regimes(.25, 10), .iterations = 2000},
        Scenario{.name = "bimodal", .generator = traces::bimodal(.6, 110), .effect = 1.3},
        Scenario{.name = "median_between_two_modes",
                 .generator = traces::bimodal(.5, 110),
                 .effect = 1.6},
        Scenario{.name = "p5_ar_60",
                 .generator = traces::autoregressive(.6),
                 .iterations = 2000,
                 .q = .05},
        Scenario{.name = "p95_lognormal",
                 .generator = traces::autoregressive(0, lognormal),
                 .iterations = 2000,
                 .effect = 1.5,
                 .q = .95},
        Scenario{.name = "one_of_twenty_figures",
                 .generator = traces::autoregressive(.6),
                 .sure = 1 - .05 / 20,
                 .pairs = 3000}),
    [](const auto& test) { return test.param.name; });

constexpr std::int64_t replications = 1000;

/// The interval at a given τ, however short the run.
QuantileEstimate with_tau(std::vector<double> values, double tau) {
  std::ranges::sort(values);
  return {.value = sorted_quantile(values, .5),
          .n = values.size(),
          .tau = tau,
          .interval = quantile_interval(values, .5, confidence, tau)};
}

struct Seen {
  std::int64_t intervals = 0, changes = 0;
};

/// How often a rule for τ sees a change between two runs of the same kind.
template <typename Rule>
Seen false_changes(const Generator& generator, std::size_t iterations, Rule tau_of) {
  Seen seen;
  for (std::uint64_t pair = 0; pair < replications; ++pair) {
    const auto base = take(generator(2 * pair), iterations);
    const auto next = take(generator(2 * pair + 1), iterations);
    const auto ratio = ratio_of(with_tau(next, tau_of(next)), with_tau(base, tau_of(base)));
    const auto change = change_of(ratio, 0);
    seen.intervals += ratio.interval.has_value();
    seen.changes += change == Change::lower || change == Change::higher;
  }
  return seen;
}

TEST(BrokenRules, TakingSamplesForIndependentIsCaught) {
  const auto independent = [](const auto&) { return 1.0; };
  const auto kept = [&](const Generator& generator) {
    const auto seen = false_changes(generator, 640, independent);
    return keeps(1 - confidence, seen.changes, seen.intervals);
  };
  for (const double rho : {.6, .9, .97}) EXPECT_FALSE(kept(traces::autoregressive(rho))) << rho;
  EXPECT_TRUE(kept(traces::independent())) << "the same rule is sound for independent samples";
}

/// Why there is no interval for fewer than 10τ iterations.
TEST(BrokenRules, TrustingTheMemoryOfAShortRunIsCaught) {
  const auto estimated = [](const auto& values) { return block_length(values, .5).tau; };
  const auto seen = false_changes(traces::autoregressive(.99), 200, estimated);
  EXPECT_FALSE(keeps(1 - confidence, seen.changes, seen.intervals));
}

TEST(Multiplicity, TwentyFiguresAtTheConfidenceOfOneAreCaught) {
  std::int64_t families = 0;
  constexpr std::int64_t count = 200;
  for (std::uint64_t family = 0; family < count; ++family) {
    bool wrong = false;
    for (std::uint64_t figure = 0; figure < 20; ++figure) {
      const auto seed = 1000 + 40 * family + 2 * figure;
      const auto base = estimate_quantile(take(traces::independent()(seed), 320), .5, .95);
      const auto next = estimate_quantile(take(traces::independent()(seed + 1), 320), .5, .95);
      wrong = wrong || change_of(ratio_of(next, base), 0) != Change::undecided;
    }
    families += wrong ? 1 : 0;
  }
  EXPECT_FALSE(keeps(.05, families, count)) << families;
}

}  // namespace
}  // namespace assay::stats

#include "harness/stats/block_test.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::stats {
namespace {

constexpr double median_q0 = 0.5;
constexpr double regime_q0 = 0.1;
constexpr double guard_level = 0.01;
constexpr std::int64_t most_blocks = 10'000;

void require_valid(const BlockQuestion& question) {
  const auto inside = [](double alpha) { return alpha > 0 && alpha < 1; };
  if (!inside(question.alpha_pass) || !inside(question.alpha_fail)) {
    throw std::invalid_argument("alpha outside (0, 1)");
  }
  if (!std::isfinite(question.bound) || !std::isfinite(question.guarded)) {
    throw std::invalid_argument("bound is not finite");
  }
  const bool slack = question.side == RightSide::at_least ? question.guarded <= question.bound
                                                          : question.guarded >= question.bound;
  if (!slack) throw std::invalid_argument("guarded bound is stricter than the bound");
}

std::vector<std::uint8_t> indicators(std::span<const double> blocks, RightSide side, double bound) {
  std::vector<std::uint8_t> bad(blocks.size());
  std::ranges::transform(blocks, bad.begin(), [&](double value) {
    return static_cast<std::uint8_t>(is_bad(value, side, bound));
  });
  return bad;
}

std::int64_t one_look(std::int64_t n, double q0, double alpha, Side side) {
  return sequential_bounds(std::array{n}, q0, alpha, side).front();
}

/// Fills in the bounds of one look at test.blocks and compares; `counted` is what FAIL counts.
void decide_test(BlockTest& test, std::int64_t counted, const BlockQuestion& question) {
  test.accept_at_most = one_look(test.blocks, test.q0, question.alpha_pass, Side::pass);
  test.reject_at_least = one_look(test.blocks, test.q0, question.alpha_fail / 2, Side::fail);
  test.pass = test.bad_guarded <= test.accept_at_most;
  test.fail = counted >= test.reject_at_least;
}

/// The slope costs as much as all else, and is worth it only where there is a trend. Lost blocks
/// (not finite) have no slope: they are counted as bad, which is enough.
Trend significant_trend(std::span<const double> blocks) {
  if (!std::ranges::all_of(blocks, [](double value) { return std::isfinite(value); })) return {};
  Trend trend{.p_value = mann_kendall(blocks)};
  if (trend.p_value < guard_level) trend.slope = theil_sen(blocks);
  return trend;
}

/// Whether the Theil–Sen line ends on the wrong side after another run of the same length.
bool drifts_out(std::span<const double> blocks, double slope, const BlockQuestion& question) {
  const double wrong_way = question.side == RightSide::at_least ? -slope : slope;
  if (!(wrong_way > 0)) return false;
  std::vector<double> intercepts(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    intercepts[i] = blocks[i] - slope * static_cast<double>(i);
  }
  const auto last = static_cast<double>(2 * blocks.size() - 1);
  const double ends = select_quantile(intercepts, 0.5) + slope * last;
  return is_bad(ends, question.side, question.guarded);
}

void conclude(BlockDecision& decision, const BlockQuestion& question) {
  const bool correlated = decision.lag1_p < guard_level;
  const auto stands = [&](const BlockTest& test, std::int64_t counted) {
    return test.fail && (!correlated || counted == test.blocks);
  };
  const bool fail = stands(decision.median, decision.median.bad) ||
                    stands(decision.regime, decision.regime.bad_guarded);
  const bool counts_pass = decision.median.pass && decision.regime.pass;
  const bool pass = counts_pass && !correlated && !decision.trend_fires;
  if (pass || fail) {
    decision.outcome = pass ? BlockOutcome::pass : BlockOutcome::fail;
    decision.marginal = pass && fail;
    decision.hindrance = Hindrance::none;
  } else if (correlated) {
    decision.hindrance = Hindrance::correlated;
  } else if (counts_pass) {
    decision.hindrance = Hindrance::trend;
  } else if (decision.median.blocks < zero_defect_minimum(regime_q0, question.alpha_pass)) {
    decision.hindrance = Hindrance::too_few;
  } else {
    decision.hindrance = Hindrance::undecided;
  }
}

}  // namespace

bool is_bad(double value, RightSide side, double bound) {
  return side == RightSide::at_least ? !(value >= bound) : !(value <= bound);
}

BlockDecision decide(std::span<const double> blocks, const BlockQuestion& question) {
  require_valid(question);
  BlockDecision decision;
  decision.regime.q0 = regime_q0;
  if (blocks.empty()) return decision;

  const auto bad_guarded = indicators(blocks, question.side, question.guarded);
  const auto bad = indicators(blocks, question.side, question.bound);
  for (BlockTest* test : {&decision.median, &decision.regime}) {
    test->blocks = std::ssize(blocks);
    test->bad_guarded = std::ranges::count(bad_guarded, 1);
    test->bad = std::ranges::count(bad, 1);
  }
  decide_test(decision.median, decision.median.bad, question);
  decide_test(decision.regime, decision.regime.bad_guarded, question);

  decision.lag1_p = std::min(indicator_p_value(bad_guarded), indicator_p_value(bad));
  decision.trend = significant_trend(blocks);
  decision.trend_fires = drifts_out(blocks, decision.trend.slope, question);
  conclude(decision, question);
  return decision;
}

std::optional<std::int64_t> projected_blocks(const BlockDecision& decision,
                                             const BlockQuestion& question) {
  require_valid(question);
  const auto now = static_cast<double>(decision.median.blocks);
  if (now < 1) return zero_defect_minimum(regime_q0, question.alpha_pass);
  for (auto n = decision.median.blocks + 1; n <= most_blocks; n += 1 + n / 4) {
    const double grown = static_cast<double>(n) / now;
    BlockTest median{.q0 = median_q0, .blocks = n};
    median.bad = std::llround(grown * static_cast<double>(decision.median.bad));
    median.bad_guarded = std::llround(grown * static_cast<double>(decision.median.bad_guarded));
    BlockTest regime = median;
    regime.q0 = regime_q0;
    decide_test(median, median.bad, question);
    decide_test(regime, regime.bad_guarded, question);
    if ((median.pass && regime.pass) || median.fail || regime.fail) return n;
  }
  return std::nullopt;
}

}  // namespace assay::stats

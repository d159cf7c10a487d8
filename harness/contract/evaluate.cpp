#include "harness/contract/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/result/figures.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using stats::BlockOutcome;

stats::BlockQuestion question_at(const Question& question, double bound) {
  const bool least = question.clause->bound.direction == Direction::at_least;
  const auto factor = least ? 1 - question.clause->guard : 1 + question.clause->guard;
  return {.side = least ? stats::RightSide::at_least : stats::RightSide::at_most,
          .bound = bound,
          .guarded = bound * factor,
          .alpha_pass = question.alpha_pass,
          .alpha_fail = question.alpha_fail};
}

/// Both ends decide, each for its own side: the strict end for PASS, the lenient end for FAIL.
void decide_both(const std::vector<double>& blocks, const Question& question, Evaluation& result) {
  if (question.pass_bound) result.pass_side = stats::decide(blocks, question.pass_question());
  result.fail_side = result.pass_side;
  if (question.relative && question.fail_bound)
    result.fail_side = stats::decide(blocks, question.fail_question());
  const bool pass = question.pass_bound && result.pass_side.outcome == BlockOutcome::pass;
  const bool fail = question.fail_bound && result.fail_side.outcome == BlockOutcome::fail;
  if (pass)
    result.outcome = Outcome::pass;
  else
    result.outcome = fail ? Outcome::fail : Outcome::inconclusive;
}

/// Whether no block speaks against the verdict.
bool unanimous(const Evaluation& result) {
  if (result.outcome == Outcome::pass) return result.pass_side.median.bad_guarded == 0;
  return result.fail_side.median.bad == result.fail_side.median.blocks;
}

std::string biased(const Blocks& blocks, const Evaluation& result, const Question& question) {
  const bool pass = result.outcome == Outcome::pass;
  const auto bound = pass ? *question.pass_bound : *question.fail_bound;
  const auto allowed = question.clause->guard / 4 * std::abs(bound);
  const auto marginal = marginal_quantile(blocks, question.clause->q);
  if (!marginal || !(std::abs(*marginal - *result.estimate) > allowed)) return {};
  const auto unit = question.clause->metric->unit;
  return fmt::format(
      "the quantile over all iterations, {}, lies more than a quarter of the guard beside the "
      "median over blocks, {}: longer blocks are needed",
      format_quantity(*marginal, unit), format_quantity(*result.estimate, unit));
}

/// The tail of a quantile is not in a few iterations, whatever their blocks say.
std::string too_few(const Blocks& blocks, double q) {
  const auto needed = stats::least_iterations(q);
  if (blocks.iterations >= needed) return {};
  return fmt::format("{} iterations are too few to say that a quantile of {} is met: {} are needed",
                     blocks.iterations, q, needed);
}

double joined(std::vector<double>& row, Across across) {
  const auto low = *std::min_element(row.begin(), row.end());
  if (across == Across::min) return low;
  const auto middle = stats::middle(row);
  return across == Across::median ? middle : low / middle;
}

}  // namespace

stats::BlockQuestion Question::pass_question() const { return question_at(*this, *pass_bound); }
stats::BlockQuestion Question::fail_question() const { return question_at(*this, *fail_bound); }

namespace {

/// Where operations are dear, a fixed length needs no pilot of 500, but one of 20 all the same.
Blocking fixed_blocking(const CaseResult& c, std::size_t groups, std::int64_t length) {
  Blocking cut{.length = length, .fixed = true, .problem = {}};
  for (std::size_t group = 0; group < groups && cut.problem.empty(); ++group) {
    const auto* timed = result::find_series(c.samples, "t_max", group);
    if (timed == nullptr || timed->values.empty()) continue;  // not measured: said elsewhere
    const auto* pilot = result::find_series(c.samples, "pilot", group);
    const auto length_seen = pilot == nullptr ? 0 : pilot->values.size();
    if (std::cmp_less(length_seen, least_pilot))
      cut.problem = fmt::format("the pilot of {} iterations is too short: {} are needed",
                                length_seen, least_pilot);
  }
  return cut;
}

}  // namespace

Blocking blocking(const CaseGroups& of, const Figure& figure) {
  const auto& stop = of.c->spec.protocol.stop;
  if (figure.metric->source == Source::reading) return {.length = 1, .fixed = true, .problem = {}};
  if (stop.kind == StopKind::precision)
    return {.outcome = Outcome::not_measured,
            .problem = "it was stopped by the width of an interval, which no verdict may rest on"};
  if (stop.block_length) return fixed_blocking(*of.c, of.groups, *stop.block_length);
  Blocking cut;
  for (std::size_t group = 0; group < of.groups; ++group) {
    const auto pilot = result::metric_values(*of.c, *figure.metric, group, "pilot");
    if (pilot.values.empty()) {
      cut.problem = fmt::format("{} left no pilot to take a block length from ({})", of.name(group),
                                pilot.reason);
      return cut;
    }
    const auto needed = std::min(stats::longest_pilot, stats::pilot_length(pilot.values, figure.q));
    if (std::ssize(pilot.values) < needed && cut.problem.empty())
      cut.problem = fmt::format("the pilot of {} iterations is too short: {} are needed",
                                pilot.values.size(), needed);
    const auto rule = stats::block_length(pilot.values, figure.q);
    if (rule.length > cut.length) cut.length = rule.length;
    cut.tau = std::max(cut.tau, rule.tau);
  }
  return cut;
}

Blocks group_blocks(const CaseResult& c, std::size_t group, const Figure& figure,
                    const Blocking& cut) {
  auto found = result::metric_values(c, *figure.metric, group);
  Blocks blocks;
  if (found.values.empty()) {
    blocks.problem = found.reason.empty() ? "it has no samples" : found.reason;
    return blocks;
  }
  blocks.iterations = std::ssize(found.values);
  // Blocks of one are the values themselves.
  blocks.quantiles =
      cut.length == 1 ? found.values : stats::block_quantiles(found.values, cut.length, figure.q);
  blocks.values = std::move(found.values);
  return blocks;
}

Blocks joined_blocks(const CaseGroups& of, const Figure& figure, Across across,
                     const Blocking& cut) {
  Blocks result;
  std::vector<std::vector<double>> all;
  std::size_t count = 0;
  if (across == Across::min_over_median && of.groups < 2) {
    result.problem = "evenness takes at least two groups";
    return result;
  }
  for (std::size_t group = 0; group < of.groups; ++group) {
    auto one = group_blocks(*of.c, group, figure, cut);
    if (!one.problem.empty()) {
      result.problem = fmt::format("{}: {}", of.name(group), one.problem);
      return result;
    }
    count = all.empty() ? one.quantiles.size() : std::min(count, one.quantiles.size());
    result.iterations = std::max(result.iterations, one.iterations);
    all.push_back(std::move(one.quantiles));
  }
  std::vector<double> row(all.size());
  for (std::size_t i = 0; i < count; ++i) {
    std::transform(all.begin(), all.end(), row.begin(),
                   [i](const auto& blocks) { return blocks[i]; });
    result.quantiles.push_back(joined(row, across));
  }
  return result;
}

std::optional<double> marginal_quantile(const Blocks& blocks, double q) {
  if (blocks.values.empty()) return std::nullopt;
  return stats::order_quantile(blocks.values, q);
}

namespace {

/// Of readings, which no chance is in: all must be on the right side. Their bounds are not
/// relative.
Evaluation of_every(const std::vector<double>& values, const Question& question) {
  const bool least = question.clause->bound.direction == Direction::at_least;
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  const auto worst = least ? *lowest : *highest;
  const auto side = least ? stats::RightSide::at_least : stats::RightSide::at_most;
  Evaluation result;
  result.outcome = stats::is_bad(worst, side, *question.pass_bound) ? Outcome::fail : Outcome::pass;
  result.estimate = worst;
  return result;
}

}  // namespace

Evaluation evaluate(const Blocks& blocks, const Question& question) {
  Evaluation result;
  if (!blocks.problem.empty()) {
    result.reason = blocks.problem;
    return result;
  }
  if (!std::all_of(blocks.quantiles.begin(), blocks.quantiles.end(),
                   [](double value) { return std::isfinite(value); })) {
    result.reason = "a block is not a finite number";
    return result;
  }
  result.outcome = Outcome::inconclusive;
  if (blocks.quantiles.empty()) {
    result.reason = fmt::format("{} iterations do not fill one block", blocks.iterations);
    return result;
  }
  if (question.clause->metric->source == Source::reading)
    return of_every(blocks.quantiles, question);
  result.estimate = stats::order_quantile(blocks.quantiles, 0.5);
  decide_both(blocks.quantiles, question, result);
  if (result.outcome == Outcome::pass) {
    result.reason = too_few(blocks, question.clause->q);
    if (!result.reason.empty()) {
      result.outcome = Outcome::inconclusive;
      return result;
    }
  }
  if (result.outcome == Outcome::inconclusive || unanimous(result)) return result;
  result.reason = biased(blocks, result, question);
  if (!result.reason.empty()) result.outcome = Outcome::inconclusive;
  return result;
}

bool surely_passes(const Blocks& blocks, const Question& question) {
  const auto& values = blocks.quantiles;
  if (question.clause->metric->source == Source::reading) return false;
  if (!blocks.problem.empty() || !question.pass_bound || values.empty()) return false;
  if (!too_few(blocks, question.clause->q).empty()) return false;
  if (std::ssize(values) < stats::zero_defect_minimum(0.1, question.alpha_pass)) return false;
  const auto asked = question.pass_question();
  const bool clean = std::all_of(values.begin(), values.end(), [&](double value) {
    return std::isfinite(value) && !stats::is_bad(value, asked.side, asked.bound);
  });
  constexpr double significant = 0.01;  // of stats::decide()
  return clean && stats::mann_kendall(values) >= significant;
}

}  // namespace assay::contract

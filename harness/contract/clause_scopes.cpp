#include "harness/contract/clause_scopes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "harness/contract/reference.hpp"
#include "harness/contract/selector.hpp"
#include "harness/contract/sentence.hpp"
#include "harness/result/figures.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using result::Status;

constexpr double shown_confidence = 0.95;

Blocking cut_case(const CaseGroups& of, const Clause& clause) {
  const auto& c = *of.c;
  Blocking cut{.outcome = Outcome::not_measured, .problem = {}};
  if (c.status != Status::measured)
    cut.problem =
        fmt::format("was {}: {}", c.status == Status::skipped ? "skipped" : "not finished",
                    c.reason.empty() ? "no reason is given" : c.reason);
  else if (of.groups == 0)
    cut.problem = fmt::format("its layout {} is missing", c.spec.layout);
  else if (const auto absent = c.absent.find(std::string(clause.metric->name));
           absent != c.absent.end())
    cut.problem = fmt::format("{} is absent: {}", clause.metric->name, absent->second);
  else
    cut = blocking(of, {clause.metric, clause.q});
  if (!cut.problem.empty())
    cut.problem = fmt::format("{} ({}): {}", label(c.spec), c.spec.id, cut.problem);
  return cut;
}

/// τ where the plan fixed the block length: of the pilot, for the record.
double recorded_tau(const Blocking& cut, const std::vector<double>& pilot, double q) {
  return cut.fixed && !pilot.empty() ? stats::block_length(pilot, q).tau : cut.tau;
}

}  // namespace

ClauseScopes::ClauseScopes(const Clause& clause, const Evidence& evidence)
    : clause_(clause), evidence_(evidence) {
  select();
  if (selected_.empty()) problem_ = "no case matches " + describe(clause.of);
  pose();
}

void ClauseScopes::select() {
  for (const auto* c : selected(evidence_.document, clause_.of)) {
    const auto groups = case_groups(evidence_.document, *c, evidence_.hosts);
    selected_.push_back({groups, cut_case(groups, clause_)});
    cases_.push_back(c->spec.id);
  }
}

void ClauseScopes::pose() {
  question_.clause = &clause_;
  question_.alpha_pass = clause_.false_accept;
  question_.alpha_fail = clause_.false_reject / static_cast<double>(evidence_.scopes);
  question_.pass_bound = question_.fail_bound = clause_.bound.value;
  if (clause_.bound.relative && problem_.empty()) pose_relative(*clause_.bound.relative);
}

/// Half of each error goes to the reference, half to the test against its end.
void ClauseScopes::pose_relative(const Relative& relative) {
  question_.relative = true;
  question_.alpha_pass /= 2;
  question_.alpha_fail /= 2;
  const bool least = clause_.bound.direction == Direction::at_least;
  const auto rates = least ? EndRates{question_.alpha_fail, question_.alpha_pass}
                           : EndRates{question_.alpha_pass, question_.alpha_fail};
  const auto reference = find_reference(relative, evidence_, rates);
  problem_ = reference.problem;
  if (problem_.empty()) problem_ = incomparable(*reference.used);
  if (!problem_.empty()) return;
  if (const auto& id = reference.used->spec.id; std::ranges::find(cases_, id) == cases_.end())
    cases_.push_back(id);
  const auto times = [&](const std::optional<double>& end) {
    return end ? std::optional(*end * relative.times) : std::nullopt;
  };
  question_.pass_bound = times(least ? reference.high : reference.low);
  question_.fail_bound = times(least ? reference.low : reference.high);
}

/// Figures of different pacing, or by different means, are different figures.
std::string ClauseScopes::incomparable(const CaseResult& reference) const {
  for (const auto& of : selected_) {
    const auto& c = *of.c;
    const auto differs = [&](std::string_view what, std::string_view ours,
                             std::string_view theirs) {
      return fmt::format("{} has {} {} and its reference {} has {}: they are different figures",
                         c.spec.id, what, ours, reference.spec.id, theirs);
    };
    const auto ours = c.spec.protocol.pacing, theirs = reference.spec.protocol.pacing;
    if (ours != theirs) return differs("pacing", name(ours), name(theirs));
    const auto start = result::sync_of(c), their_start = result::sync_of(reference);
    if (start != their_start && !start.empty() && !their_start.empty())
      return differs("its iterations started by", start, their_start) +
             " (--sync barrier starts all alike)";
    if (c.spec.benchmark != reference.spec.benchmark || c.status != Status::measured) continue;
    if (c.reduction != reference.reduction)
      return differs("reduction", c.reduction, reference.reduction);
    if (c.path != reference.path) return differs("path", c.path, reference.path);
  }
  return {};
}

std::vector<Ranked> ClauseScopes::ranked() const {
  std::vector<Ranked> all;
  for (const auto& of : selected_) {
    const bool whole = clause_.across != Across::none || !of.cut.problem.empty();
    if (whole) all.push_back(rank(of, std::nullopt));
    for (std::size_t group = 0; !whole && group < of.groups; ++group)
      all.push_back(rank(of, group));
  }
  const auto key = [](const Ranked& one) {
    return std::tie(one.outcome, one.margin, one.of->c->spec.id, one.group);
  };
  std::sort(all.begin(), all.end(),
            [&](const Ranked& a, const Ranked& b) { return key(a) < key(b); });
  return all;
}

double ClauseScopes::margin(double estimate) const {
  const auto bound = question_.pass_bound ? question_.pass_bound : question_.fail_bound;
  if (!bound) return 0;
  const bool least = clause_.bound.direction == Direction::at_least;
  const auto above = least ? estimate : *bound, below = least ? *bound : estimate;
  return above == below ? 1 : above / below;  // both may be 0
}

Ranked ClauseScopes::rank(const Selected& of, std::optional<std::size_t> group) const {
  auto cut = blocks(of, group);
  Ranked result{.of = &of, .group = group, .outcome = Outcome::pass};
  if (surely_passes(cut, question_)) {
    result.margin = margin(stats::select_quantile(cut.quantiles, 0.5));
    return result;
  }
  const auto found = evaluation(of, cut);
  result.outcome = found.outcome;
  if (found.estimate) result.margin = margin(*found.estimate);
  return result;
}

Blocks ClauseScopes::blocks(const Selected& of, std::optional<std::size_t> group) const {
  if (!of.cut.problem.empty()) {
    Blocks none;
    none.problem = of.cut.problem;
    return none;
  }
  const Figure figure{clause_.metric, clause_.q};
  return group ? group_blocks(*of.c, *group, figure, of.cut)
               : joined_blocks(of, figure, clause_.across, of.cut);
}

Evaluation ClauseScopes::evaluation(const Selected& of, const Blocks& found) const {
  auto result = evaluate(found, question_);
  if (!of.cut.problem.empty()) result.outcome = of.cut.outcome;
  return result;
}

std::vector<double> ClauseScopes::group_medians(const Selected& of) const {
  std::vector<double> medians;
  for (std::size_t group = 0; group < of.groups; ++group) {
    auto found = group_blocks(*of.c, group, {clause_.metric, clause_.q}, of.cut);
    if (found.quantiles.empty()) return {};
    medians.push_back(stats::select_quantile(found.quantiles, 0.5));
  }
  return medians;
}

Scope ClauseScopes::scope(const Ranked& one) const {
  const auto& of = *one.of;
  Scope scope;
  scope.case_id = of.c->spec.id;
  scope.group = one.group;
  describe_place(one, scope);
  auto found = blocks(of, one.group);
  const auto decided = evaluation(of, found);
  scope.outcome = decided.outcome;
  scope.estimate = decided.estimate;
  const bool reading = clause_.metric->source == Source::reading;
  if (reading) describe_rank(one, found, scope);
  if (!reading) scope.marginal = marginal_quantile(found, clause_.q);
  scope.iterations = found.iterations;
  scope.block_length = of.cut.length;
  scope.block_length_fixed = of.cut.fixed;
  const auto pilot =
      reading ? result::MetricValues{}
              : result::metric_values(*of.c, *clause_.metric, one.group.value_or(0), "pilot");
  scope.tau = recorded_tau(of.cut, pilot.values, clause_.q);
  if (of.cut.length > 0 && !pilot.values.empty() && one.group)
    scope.sigma = stats::block_sigma(pilot.values, of.cut.length, clause_.q);
  describe_decision(decided, scope);
  if (!found.quantiles.empty() && decided.estimate && !reading) {
    std::sort(found.quantiles.begin(), found.quantiles.end());
    const auto shown = stats::quantile_interval(found.quantiles, 0.5, shown_confidence);
    if (shown) {
      scope.lower = shown->lower;
      scope.upper = shown->upper;
    }
  }
  if (scope.outcome == Outcome::inconclusive || scope.outcome == Outcome::not_measured)
    scope.reason = reason_text(scope, decided, question_);
  return scope;
}

void ClauseScopes::describe_place(const Ranked& one, Scope& scope) const {
  if (!one.group || one.of->layout == nullptr) return;
  const auto& group = one.of->layout->group(*one.group);
  scope.ranks = format_ranks(group.members);
  scope.hosts = evidence_.hosts.names(evidence_.hosts.hosts_of(group));
}

/// What is read of every rank is said of the one that reads worst.
void ClauseScopes::describe_rank(const Ranked& one, const Blocks& found, Scope& scope) const {
  if (!one.group || one.of->layout == nullptr) return;
  const auto ranks = one.of->layout->group(*one.group).ranks();
  const auto& values = found.quantiles;
  if (values.empty() || values.size() != ranks.size()) return;
  const auto worst = clause_.bound.direction == Direction::at_least
                         ? std::min_element(values.begin(), values.end())
                         : std::max_element(values.begin(), values.end());
  const Group alone{compress_ranks({ranks[static_cast<std::size_t>(worst - values.begin())]})};
  scope.ranks = format_ranks(alone.members);
  scope.hosts = evidence_.hosts.names(evidence_.hosts.hosts_of(alone));
}

void ClauseScopes::describe_decision(const Evaluation& found, Scope& scope) const {
  if (question_.pass_bound) {
    scope.bound = question_.pass_question().bound;
    scope.guarded = question_.pass_question().guarded;
  }
  if (question_.fail_bound) scope.fail_bound = *question_.fail_bound;
  if (!found.estimate) return;
  const auto& decision = question_.pass_bound ? found.pass_side : found.fail_side;
  if (question_.pass_bound) scope.tests = {found.pass_side.median, found.pass_side.regime};
  if (question_.relative && question_.fail_bound)
    scope.tests.insert(scope.tests.end(), {found.fail_side.median, found.fail_side.regime});
  scope.lag1_p = decision.lag1_p;
  scope.trend_p = decision.trend.p_value;
  scope.trend_slope = decision.trend.slope;
  scope.marginal_pass =
      scope.outcome == Outcome::pass &&
      (found.pass_side.marginal || found.fail_side.outcome == stats::BlockOutcome::fail);
  if (scope.outcome == Outcome::inconclusive && question_.pass_bound)
    scope.projected_blocks = stats::projected_blocks(found.pass_side, question_.pass_question());
}

}  // namespace assay::contract

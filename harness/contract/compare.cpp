#include "harness/contract/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/contract/compare_pairs.hpp"
#include "harness/contract/implicit.hpp"
#include "harness/contract/scopes.hpp"
#include "harness/core/error.hpp"
#include "harness/result/figures.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using result::ResultDocument;

/// A figure to compare: the samples are read again when it is its turn.
struct Candidate {
  const CasePair* pair = nullptr;
  const Metric* metric = nullptr;
  std::size_t group = 0;
};

const Metric& known_metric(std::string_view name) {
  const auto* metric = find_metric(name);
  invariant(metric != nullptr, "a metric to compare that is not in the table");
  return *metric;
}

/// The metric of a case: the one that the rules name, or the first of its benchmark that it yields.
const Metric& metric_for(const CaseResult& c, const CompareRules& rules) {
  if (!rules.metric.empty()) return known_metric(rules.metric);
  const auto known = rules.metrics.find(c.spec.benchmark);
  if (known == rules.metrics.end() || known->second.empty()) return known_metric("time");
  for (const auto& name : known->second)
    if (result::metric_values(c, known_metric(name), 0).reason.empty()) return known_metric(name);
  return known_metric(known->second.front());
}

/// Why one side has no figure that a ratio can be formed of; empty where it has.
std::string absent(const CaseResult& c, const Candidate& one, double q) {
  const auto found = result::metric_values(c, *one.metric, one.group);
  if (!found.reason.empty()) return found.reason;
  if (found.values.empty()) return "it has no samples";
  if (stats::order_quantile(found.values, q) > 0) return {};
  return fmt::format("{} is 0: no ratio can be formed, another --metric may have one",
                     one.metric->name);
}

/// Groups of one pair of cases, sorted into those that can be compared and those that cannot.
struct Sorted {
  std::vector<Candidate> candidates;
  std::size_t only_base = 0, only_next = 0, neither = 0;
  std::string reason;  ///< of the first group that cannot
};

Sorted sorted_groups(const CasePair& pair, std::size_t groups, const CompareRules& rules) {
  Sorted sorted;
  const auto& metric = metric_for(*pair.base, rules);
  for (std::size_t group = 0; group < groups; ++group) {
    const Candidate one{&pair, &metric, group};
    const auto base = absent(*pair.base, one, rules.q), next = absent(*pair.next, one, rules.q);
    if (base.empty() && next.empty()) {
      sorted.candidates.push_back(one);
      continue;
    }
    sorted.only_base += base.empty() ? 1 : 0;
    sorted.only_next += next.empty() ? 1 : 0;
    sorted.neither += !base.empty() && !next.empty() ? 1 : 0;
    if (sorted.reason.empty()) sorted.reason = base.empty() ? next : base;
  }
  return sorted;
}

class Comparer {
 public:
  Comparer(const ResultDocument& base, const ResultDocument& next, const CompareRules& rules)
      : base_(base), next_(next), hosts_(next.topology), pairing_(pair_cases(base, next)) {
    comparison_.rules = rules;
    comparison_.gaps = pairing_.gaps;
    comparison_.warnings = differences(base, next);
  }

  Comparison comparison() {
    object(base_, true);
    object(next_, false);
    const auto candidates = all_candidates();
    const auto figures = static_cast<double>(std::max<std::size_t>(1, candidates.size()));
    comparison_.confidence_each = 1 - (1 - comparison_.rules.confidence) / figures;
    for (const auto& one : candidates) comparison_.figures.push_back(decided(one));
    return std::move(comparison_);
  }

 private:
  void object(const ResultDocument& document, bool in_base) {
    for (auto& finding : {judge_correct(document), judge_complete(document)})
      if (finding.outcome != Outcome::pass) comparison_.objections.push_back({in_base, finding});
  }

  std::vector<Candidate> all_candidates() {
    std::vector<Candidate> all;
    for (const auto& pair : pairing_.pairs) {
      const auto groups = groups_of(base_, *pair.base);
      auto sorted = sorted_groups(pair, groups, comparison_.rules);
      note_gaps(pair, sorted, groups);
      std::ranges::move(sorted.candidates, std::back_inserter(all));
    }
    return all;
  }

  void note_gaps(const CasePair& pair, const Sorted& sorted, std::size_t groups) {
    if (sorted.neither == groups && !comparison_.rules.metric.empty()) {
      ++comparison_.without_metric;  // asked of a benchmark that does not yield it
      return;
    }
    const auto add = [&](Gap gap, std::size_t count, std::string_view where) {
      if (count == 0) return;
      comparison_.gaps.push_back(
          {.gap = gap,
           .label = label(pair.base->spec),
           .reason = fmt::format("{} {} of {} groups have no {}: {}", where, count, groups,
                                 metric_for(*pair.base, comparison_.rules).name, sorted.reason)});
    };
    add(Gap::refused, sorted.neither, "in both runs");
    add(Gap::only_base, sorted.only_base, "in NEW");
    add(Gap::only_next, sorted.only_next, "in BASE");
  }

  stats::QuantileEstimate estimate(const CaseResult& c, const Candidate& one) const {
    return stats::estimate_quantile(result::metric_values(c, *one.metric, one.group).values,
                                    comparison_.rules.q, comparison_.confidence_each);
  }

  ComparedFigure decided(const Candidate& one) const {
    const auto& group = layout_of(next_, *one.pair->next)->group(one.group);
    ComparedFigure figure{.label = label(one.pair->base->spec),
                          .base_id = one.pair->base->spec.id,
                          .next_id = one.pair->next->spec.id,
                          .metric = one.metric,
                          .group = one.group,
                          .layout = std::string(layout_name(one.pair->base->spec)),
                          .ranks = format_ranks(group.members),
                          .hosts = hosts_.names(hosts_.hosts_of(group)),
                          .base = estimate(*one.pair->base, one),
                          .next = estimate(*one.pair->next, one),
                          .ratio = {}};
    figure.ratio = stats::ratio_of(figure.next, figure.base);
    figure.decision =
        decision(stats::change_of(figure.ratio, comparison_.rules.margin), one.metric->better);
    return figure;
  }

  static Decision decision(stats::Change change, Better better) {
    if (change == stats::Change::same) return Decision::same;
    if (change == stats::Change::undecided) return Decision::undecided;
    const auto good = better == Better::higher ? stats::Change::higher : stats::Change::lower;
    return change == good ? Decision::faster : Decision::slower;
  }

  const ResultDocument& base_;
  const ResultDocument& next_;
  HostMap hosts_;
  Pairing pairing_;
  Comparison comparison_;
};

constexpr std::array<std::string_view, 4> decision_names{"slower", "undecided", "faster", "same"};
constexpr std::array<std::string_view, 3> gap_names{"refused", "only_base", "only_new"};
constexpr std::array<std::string_view, 6> outcome_names{"wrong_data",   "slower", "undecided",
                                                        "not_compared", "faster", "same"};

}  // namespace

std::string_view name(Decision decision) {
  return decision_names[static_cast<std::size_t>(decision)];
}
std::string_view name(Gap gap) { return gap_names[static_cast<std::size_t>(gap)]; }
std::string_view name(CompareOutcome outcome) {
  return outcome_names[static_cast<std::size_t>(outcome)];
}

std::size_t Comparison::count(Decision decision) const {
  return static_cast<std::size_t>(std::ranges::count(figures, decision, &ComparedFigure::decision));
}

std::size_t Comparison::count(Gap gap) const {
  return static_cast<std::size_t>(std::ranges::count(gaps, gap, &NotCompared::gap));
}

Comparison compare(const ResultDocument& base, const ResultDocument& next,
                   const CompareRules& rules) {
  return Comparer(base, next, rules).comparison();
}

CompareOutcome outcome(const Comparison& comparison) {
  const auto is_wrong = [](const Objection& objection) {
    return !objection.in_base && objection.finding.outcome == Outcome::fail;
  };
  if (std::ranges::any_of(comparison.objections, is_wrong)) return CompareOutcome::wrong_data;
  if (comparison.count(Decision::slower) > 0) return CompareOutcome::slower;
  if (comparison.count(Decision::undecided) > 0) return CompareOutcome::undecided;
  if (comparison.figures.empty() || !comparison.objections.empty() ||
      comparison.count(Gap::refused) + comparison.count(Gap::only_base) > 0)
    return CompareOutcome::not_compared;
  return comparison.count(Decision::faster) > 0 ? CompareOutcome::faster : CompareOutcome::same;
}

ExitCode exit_code(const Comparison& comparison) {
  switch (outcome(comparison)) {
    case CompareOutcome::wrong_data:
    case CompareOutcome::slower:
      return ExitCode::not_met;
    case CompareOutcome::undecided:
    case CompareOutcome::not_compared:
      return ExitCode::undecided;
    case CompareOutcome::faster:
    case CompareOutcome::same:
      break;
  }
  return ExitCode::ok;
}

}  // namespace assay::contract

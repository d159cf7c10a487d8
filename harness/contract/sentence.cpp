#include "harness/contract/sentence.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "harness/contract/scopes.hpp"
#include "harness/contract/selector.hpp"

namespace assay::contract {
namespace {

Unit unit_of(const Clause& clause) {
  return clause.across == Across::min_over_median ? Unit::one : clause.metric->unit;
}

std::string_view wrong_side(const Clause& clause) {
  return clause.bound.direction == Direction::at_least ? "below" : "above";
}

std::string_view across_name(Across across) {
  if (across == Across::min) return "minimum over groups of the ";
  if (across == Across::median) return "median over groups of the ";
  return across == Across::min_over_median ? "min/median over groups of the " : "";
}

bool of_every_rank(const Clause& clause) { return clause.metric->source == Source::reading; }

std::string figure_name(const Clause& clause) {
  if (of_every_rank(clause))
    return fmt::format("{}{} {}", across_name(clause.across),
                       clause.bound.direction == Direction::at_least ? "lowest" : "highest",
                       clause.metric->name);
  return fmt::format("{}{} {}", across_name(clause.across), quantile_name(clause.q),
                     clause.metric->name);
}

/// "371.2 GB/s [370.4 GB/s, 372.0 GB/s]"
std::string estimate_text(const Scope& scope, Unit unit) {
  if (!scope.estimate) return "none";
  auto text = figure_text(*scope.estimate, unit);
  if (scope.lower && scope.upper)
    text +=
        fmt::format(" [{}, {}]", figure_text(*scope.lower, unit), figure_text(*scope.upper, unit));
  return text;
}

/// " (published: 479.9 GB/s)"
std::string published_text(const Clause& clause) {
  if (!clause.published || !clause.published->value) return {};
  return fmt::format(" (published: {})", figure_text(*clause.published->value, unit_of(clause)));
}

/// "at least 3.1 GB/s (0.03 × …) required"
std::string requirement(const Clause& clause, const Scope& scope) {
  if (!clause.bound.relative || scope.bound <= 0)
    return bound_text(clause) + " required" + published_text(clause);
  const bool least = clause.bound.direction == Direction::at_least;
  auto terms = bound_text(clause);
  terms.erase(0, std::string(least ? "at least " : "at most ").size());
  return fmt::format("{} {} ({}) required", least ? "at least" : "at most",
                     figure_text(scope.bound, unit_of(clause)), terms) +
         published_text(clause);
}

/// The counts that made it fail: the median test's, or the regime test's.
std::string counts_text(const Clause& clause, const Scope& scope) {
  if (scope.tests.size() < 2) return {};
  const auto& median = scope.tests[scope.tests.size() - 2];
  const auto& regime = scope.tests.back();
  if (median.fail || scope.outcome != Outcome::fail)
    return fmt::format("{} of {} blocks {}", median.bad, median.blocks, wrong_side(clause));
  const bool least = clause.bound.direction == Direction::at_least;
  const auto guarded = scope.fail_bound * (least ? 1 - clause.guard : 1 + clause.guard);
  return fmt::format("{} of {} blocks {} {}, where a tenth may be", regime.bad_guarded,
                     regime.blocks, wrong_side(clause), figure_text(guarded, unit_of(clause)));
}

/// "host n1: median busbw 371.2 GB/s [370.4, 372.0]"
std::string measured_text(const Account& account) {
  const auto& clause = *account.clause;
  const auto& scope = *account.worst;
  const auto figure =
      fmt::format("{} {}", figure_name(clause), estimate_text(scope, unit_of(clause)));
  const auto prefix = account.case_label.empty() ? "" : account.case_label + ": ";
  if (clause.across != Across::none)
    return fmt::format("{}{} over {} groups", prefix, figure, account.groups);
  const bool telling = scope.outcome == Outcome::fail && scope.hosts.size() < 3;
  if (account.groups == 1 && !telling) return prefix + figure;
  return fmt::format("{}{}: {}", prefix, subject(account.layout, scope.ranks, scope.hosts), figure);
}

std::string failed_text(const Account& account) {
  auto text =
      fmt::format("{}; {}", measured_text(account), requirement(*account.clause, *account.worst));
  if (!of_every_rank(*account.clause)) text += "; " + counts_text(*account.clause, *account.worst);
  if (!account.weakest.empty()) text += "; " + account.weakest;
  if (account.scopes_total > 1)
    text += fmt::format(". {} of {} {} failed", account.scopes_failed, account.scopes_total,
                        account.layout == "node" ? "hosts" : "figures");
  const auto& hosts = account.worst->hosts;
  const bool said = hosts.size() == 1 && account.named == hosts;
  if (!account.named.empty() && !said)
    return fmt::format("host{} {}: {}", account.named.size() == 1 ? "" : "s",
                       fmt::join(account.named, ", "), text);
  if (account.named.empty() && hosts.size() == 2)
    text += ". Both ends of one link measure alike: a third host would tell which is at fault";
  return text;
}

std::string passed_text(const Account& account) {
  auto text =
      fmt::format("{}; {}", measured_text(account), requirement(*account.clause, *account.worst));
  if (account.scopes_total > 1) text = fmt::format("worst of {}: {}", account.scopes_total, text);
  if (account.worst->marginal_pass) text += " (marginal: as many blocks would allow a fail)";
  return text;
}

std::string undecided_text(const Account& account) {
  const auto& scope = *account.worst;
  if (!scope.estimate && account.worst->ranks.empty())
    return fmt::format("{}{}", account.case_label.empty() ? "" : account.case_label + ": ",
                       scope.reason);
  auto text = fmt::format("{}; {}", measured_text(account), scope.reason);
  if (!scope.estimate)
    text = fmt::format("{}{}: {}", account.case_label.empty() ? "" : account.case_label + ", ",
                       subject(account.layout, scope.ranks, scope.hosts), scope.reason);
  if (account.scopes_total > 1)
    text += fmt::format(". {} of {} figures are {}", account.scopes_same, account.scopes_total,
                        scope.outcome == Outcome::inconclusive ? "inconclusive" : "not measured");
  return text;
}

/// Where the median would pass and only the regime test hinders it: what its count may be. Else
/// empty.
std::string rare_blocks_text(const Clause& clause, const Scope& scope) {
  if (scope.tests.size() < 2) return {};
  const auto &median = scope.tests[0], &regime = scope.tests[1];  // those that decide PASS
  if (!median.pass || regime.pass || regime.accept_at_most < 0) return {};
  return fmt::format("{} of {} blocks {} {}, where a pass allows {}", regime.bad_guarded,
                     regime.blocks, wrong_side(clause),
                     figure_text(scope.guarded, unit_of(clause)), regime.accept_at_most);
}

std::string evidence_wanted(const Scope& scope, const Question& question) {
  const auto& clause = *question.clause;
  const auto unit = unit_of(clause);
  const bool least = clause.bound.direction == Direction::at_least;
  const auto pass =
      !question.pass_bound
          ? std::string("passing needs more blocks of the reference")
          : fmt::format("passing needs evidence of {} {} ({} {} {:g}%)", least ? "≥" : "≤",
                        figure_text(scope.guarded, unit), figure_text(scope.bound, unit),
                        least ? "−" : "+", clause.guard * 100);
  const auto fail = !question.fail_bound ? std::string("failing needs more blocks of the reference")
                                         : fmt::format("failing of {} {}", least ? "<" : ">",
                                                       figure_text(scope.fail_bound, unit));
  const auto rare = rare_blocks_text(clause, scope);
  const auto counts = rare.empty() ? counts_text(clause, scope) : rare;
  return fmt::format("{}, {}{}{}", pass, fail, counts.empty() ? "" : "; ", counts);
}

std::string hint(const Scope& scope, double guard) {
  if (scope.sigma && *scope.sigma > guard)
    return fmt::format(
        ". Blocks scatter by {:.2g}%, more than the guard of {:g}%: raise the block length",
        *scope.sigma * 100, guard * 100);
  if (!scope.projected_blocks)
    return ". No number of blocks is likely to decide: the truth lies in the guard";
  return fmt::format(". About {} blocks would decide", *scope.projected_blocks);
}

}  // namespace

std::string figure_text(double value, Unit unit) {
  return unit == Unit::one ? fmt::format("{:.3f}", value) : format_quantity(value, unit);
}

std::string quantile_name(double q) {
  return q == 0.5 ? "median" : fmt::format("{:g}% quantile of", q * 100);
}

std::string bound_text(const Clause& clause) {
  const auto side = clause.bound.direction == Direction::at_least ? "at least" : "at most";
  if (!clause.bound.relative)
    return unit_of(clause) == Unit::one
               ? fmt::format("{} {:g}", side, clause.bound.value)
               : fmt::format("{} {}", side, format_quantity(clause.bound.value, unit_of(clause)));
  const auto& relative = *clause.bound.relative;
  return fmt::format("{} {:g} × the {}{} {} of {}", side, relative.times,
                     across_name(relative.across), quantile_name(relative.q), relative.metric->name,
                     describe(relative.of));
}

std::string reason_text(const Scope& scope, const Evaluation& evaluation,
                        const Question& question) {
  if (!evaluation.reason.empty()) return evaluation.reason;
  if (!question.pass_bound) return evidence_wanted(scope, question);
  const auto& side = evaluation.pass_side;
  switch (side.hindrance) {
    case stats::Hindrance::correlated:
      return fmt::format(
          "neighbouring blocks are alike (p = {:.2g}), so their counts prove nothing: raise the "
          "block length; {}",
          side.lag1_p, evidence_wanted(scope, question));
    case stats::Hindrance::trend:
      return fmt::format("it would pass, but drifts by {} per block towards {} (p = {:.2g})",
                         figure_text(std::abs(side.trend.slope), unit_of(*question.clause)),
                         figure_text(scope.guarded, unit_of(*question.clause)), side.trend.p_value);
    case stats::Hindrance::too_few:
      return fmt::format("{} blocks of {} are too few to pass; {}", side.median.blocks,
                         scope.block_length, evidence_wanted(scope, question));
    case stats::Hindrance::undecided:
    case stats::Hindrance::none:
      break;
  }
  return evidence_wanted(scope, question) + hint(scope, question.clause->guard);
}

std::string clause_sentence(const Account& account) {
  switch (account.worst->outcome) {
    case Outcome::fail:
      return failed_text(account);
    case Outcome::pass:
      return passed_text(account);
    case Outcome::not_measured:
    case Outcome::inconclusive:
      break;
  }
  return undecided_text(account);
}

}  // namespace assay::contract

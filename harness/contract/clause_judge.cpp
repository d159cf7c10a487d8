#include "harness/contract/clause_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/contract/clause_scopes.hpp"
#include "harness/contract/sentence.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using result::Status;

constexpr std::size_t most_scopes = 64;

Unit unit_of(const Clause& clause) {
  return clause.across == Across::min_over_median ? Unit::one : clause.metric->unit;
}

Terms terms_of(const Clause& clause) {
  return {.metric = std::string(clause.metric->name),
          .unit = unit_of(clause),
          .q = clause.q,
          .across = clause.across,
          .direction = clause.bound.direction,
          .guard = clause.guard,
          .bound = bound_text(clause)};
}

/// Groups that a failed scope speaks against: itself, or those that pull the joined figure down.
std::vector<std::size_t> guilty_groups(const Ranked& one, const ClauseScopes& scopes,
                                       const Clause& clause) {
  if (one.group) return {*one.group};
  if (clause.bound.direction != Direction::at_least || clause.across == Across::median) return {};
  auto medians = scopes.group_medians(*one.of);
  if (medians.empty()) return {};
  auto limit = *scopes.question().fail_bound;
  if (clause.across == Across::min_over_median) {
    auto scratch = medians;
    limit *= stats::middle(scratch);
  }
  std::vector<std::size_t> guilty;
  for (std::size_t group = 0; group < medians.size(); ++group)
    if (medians[group] < limit) guilty.push_back(group);
  return guilty;
}

/// Failed groups, case by case.
std::vector<FailedGroups> failed_groups(const std::vector<Ranked>& ranked,
                                        const ClauseScopes& scopes, const Clause& clause,
                                        const result::ResultDocument& document) {
  std::map<std::string, FailedGroups> by_case;
  for (const auto& one : ranked) {
    if (one.outcome != Outcome::fail) continue;
    auto& failed = by_case[one.of->c->spec.id];
    failed.layout = layout_of(document, *one.of->c);
    const auto guilty = guilty_groups(one, scopes, clause);
    failed.groups.insert(failed.groups.end(), guilty.begin(), guilty.end());
  }
  std::vector<FailedGroups> all;
  for (auto& [id, failed] : by_case) all.push_back(std::move(failed));
  return all;
}

/// "lowest: rank 3 on host n0, median 6.1 GB/s": of a joined figure that failed.
std::string lowest_text(const Ranked& worst, const ClauseScopes& scopes, const Clause& clause,
                        const Evidence& evidence) {
  if (worst.group || worst.outcome != Outcome::fail || clause.across == Across::median) return {};
  auto medians = scopes.group_medians(*worst.of);
  const auto* layout = layout_of(evidence.document, *worst.of->c);
  if (medians.empty() || layout == nullptr) return {};
  const auto at = std::min_element(medians.begin(), medians.end());
  const auto& group = layout->group(static_cast<std::size_t>(at - medians.begin()));
  const auto hosts = evidence.hosts.names(evidence.hosts.hosts_of(group));
  const auto lowest = *at;
  return fmt::format("lowest: {}, {} of {} over groups",
                     subject(layout->name, format_ranks(group.members), hosts),
                     figure_text(lowest, clause.metric->unit),
                     figure_text(stats::middle(medians), clause.metric->unit));
}

/// The 64 worst scopes that do not pass, and the worst that does.
void keep_scopes(const std::vector<Ranked>& ranked, const ClauseScopes& scopes, Finding& finding) {
  finding.scopes_total = ranked.size();
  for (const auto& one : ranked) {
    if (one.outcome == Outcome::fail) ++finding.scopes_failed;
    const bool pass = one.outcome == Outcome::pass;
    const auto& kept = finding.scopes;
    if (pass && !kept.empty() && kept.back().outcome == Outcome::pass) continue;
    if (!pass && kept.size() >= most_scopes) continue;
    finding.scopes.push_back(scopes.scope(one));
  }
}

/// The same operation on smaller groups: a collective is taken apart into pairs, a rank that is
/// slow among others is tried alone.
std::string closer_look(const CaseResult& c) {
  const bool collective = c.spec.dims.contains("backend");
  const std::string_view layout = collective ? "pairs" : "alone";
  if (c.spec.layout == layout || c.spec.layout == "alone") return {};
  auto command = fmt::format("assay run {}", c.spec.benchmark);
  if (c.spec.dims.contains("bytes"))
    command += fmt::format(" -b {}", integer_dim(c.spec.dims, "bytes"));
  return fmt::format("{} --layout {} --pacing {}", command, layout, name(c.spec.protocol.pacing));
}

/// The command that brings the next piece of evidence.
std::string next_command(const CaseResult& c, const Scope& worst, const Clause& clause) {
  switch (worst.outcome) {
    case Outcome::pass:
      return {};
    case Outcome::not_measured:
      return "assay run --contract FILE";
    case Outcome::inconclusive: {
      if (worst.sigma && *worst.sigma > clause.guard) {
        // σ_b falls with √b: as long as it takes to bring it down to the guard, and odd.
        const auto ratio = *worst.sigma / clause.guard;
        const auto length = static_cast<double>(worst.block_length) * ratio * ratio;
        return fmt::format("assay run --contract FILE --block-length {}",
                           static_cast<std::int64_t>(std::ceil(length)) | 1);
      }
      const auto floor = stats::zero_defect_minimum(0.1, clause.false_accept);
      if (!worst.projected_blocks) return {};
      return fmt::format("assay run --contract FILE --blocks {}",
                         std::max(*worst.projected_blocks, floor));
    }
    case Outcome::fail:
      break;
  }
  return closer_look(c);
}

void write(Finding& finding, const std::vector<Ranked>& ranked, const ClauseScopes& scopes,
           const Clause& clause, const Evidence& evidence) {
  const auto& worst = ranked.front();
  const auto& c = *worst.of->c;
  const auto same = std::count_if(ranked.begin(), ranked.end(),
                                  [&](const Ranked& one) { return one.outcome == worst.outcome; });
  Account account;
  account.clause = &clause;
  account.worst = &finding.scopes.front();
  if (scopes.selected_cases() > 1 && worst.of->cut.problem.empty())
    account.case_label = label(c.spec);
  account.layout = c.spec.layout;
  account.groups = worst.of->groups;
  account.scopes_total = finding.scopes_total;
  account.scopes_failed = finding.scopes_failed;
  account.scopes_same = static_cast<std::size_t>(same);
  account.weakest = lowest_text(worst, scopes, clause, evidence);
  account.named = finding.failed_hosts;
  finding.sentence = fmt::format("{}. evidence {}", clause_sentence(account), c.spec.id);
  finding.next = next_command(c, finding.scopes.front(), clause);
}

}  // namespace

std::size_t scope_count(const Clause& clause, const result::ResultDocument& document) {
  std::size_t count = 0;
  for (const auto* c : selected(document, clause.of)) {
    if (c->status != Status::measured) continue;
    count += clause.across == Across::none ? groups_of(document, *c) : 1;
  }
  return count;
}

Finding judge_clause(const Clause& clause, const Evidence& evidence) {
  Finding finding;
  finding.clause = clause.id;
  finding.terms = terms_of(clause);
  const ClauseScopes scopes(clause, evidence);
  finding.cases = scopes.cases();
  finding.alpha_pass = scopes.question().alpha_pass;
  finding.alpha_fail = scopes.question().alpha_fail;
  if (!scopes.problem().empty()) {
    finding.sentence = scopes.problem();
    finding.next = "assay run --contract FILE";
    return finding;
  }
  const auto ranked = scopes.ranked();
  finding.outcome = ranked.front().outcome;
  keep_scopes(ranked, scopes, finding);
  finding.failed_hosts =
      blamed_hosts(failed_groups(ranked, scopes, clause, evidence.document), evidence.hosts);
  write(finding, ranked, scopes, clause, evidence);
  return finding;
}

}  // namespace assay::contract

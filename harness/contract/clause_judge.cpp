#include "harness/contract/clause_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "harness/contract/clause_scopes.hpp"
#include "harness/contract/sentence.hpp"
#include "harness/core/warning.hpp"
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
                                        const ClauseScopes& scopes, const Clause& clause) {
  std::map<std::string, FailedGroups> by_case;
  for (const auto& one : ranked) {
    if (one.outcome != Outcome::fail) continue;
    auto& failed = by_case[one.of->c->spec.id];
    failed.layout = one.of->layout;
    const auto guilty = guilty_groups(one, scopes, clause);
    failed.groups.insert(failed.groups.end(), guilty.begin(), guilty.end());
  }
  std::vector<FailedGroups> all;
  for (auto& [id, failed] : by_case) all.push_back(std::move(failed));
  return all;
}

/// "lowest: rank 3 on host n0, median 6.1 GB/s": of a joined figure that failed.
std::string lowest_text(const Ranked& worst, const ClauseScopes& scopes, const Clause& clause) {
  if (worst.group || worst.outcome != Outcome::fail || clause.across == Across::median) return {};
  auto medians = scopes.group_medians(*worst.of);
  if (medians.empty()) return {};
  const auto at = std::min_element(medians.begin(), medians.end());
  const auto group = static_cast<std::size_t>(at - medians.begin());
  const auto lowest = *at;
  return fmt::format("lowest: {}, {} of {} over groups", worst.of->name(group),
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

/// What `assay run` takes where nobody says otherwise.
bool is_usual(std::string_view dim, const DimValue& value) {
  return (dim == "memory" && value == DimValue{std::string("host")}) ||
         (dim == "backend" && value == DimValue{std::string("mpi")});
}

/// The same operation on smaller groups: a collective is taken apart into pairs, a rank that is
/// slow among others is tried alone.
std::string closer_look(const CaseResult& c) {
  const bool collective = c.spec.dims.contains("backend");
  const std::string_view layout = collective ? "pairs" : "alone";
  if (layout_name(c.spec) == layout || layout_name(c.spec) == "alone") return {};
  if (layout_name(c.spec) == "node_pairs") return {};  // no smaller group is left
  if (c.spec.dims.contains("parallelism")) return {};  // its ranks are those it says
  // What is set up is set up by all.
  if (c.spec.dims.contains("step") || c.spec.dims.contains("buffers")) return {};
  auto command = fmt::format("assay run {}", c.spec.benchmark);
  if (c.spec.dims.contains("bytes"))
    command += fmt::format(" -b {}", integer_dim(c.spec.dims, "bytes"));
  const auto more = collective
                        ? std::vector<std::string_view>{"backend"}
                        : std::vector<std::string_view>{"memory", "way", "type", "m", "n", "k"};
  for (const auto dim : more)
    if (const auto at = c.spec.dims.find(dim);
        at != c.spec.dims.end() && !is_usual(dim, at->second))
      command += fmt::format(" --set {}={}", dim, format_dim(at->second, DimKind::integer));
  return fmt::format("{} --layout {} --pacing {}", command, layout, name(c.spec.protocol.pacing));
}

/// `option` empty: the same run again.
std::string run_again(std::string_view option = {}) {
  return fmt::format("assay run --contract {}{}{}", contract_placeholder, option.empty() ? "" : " ",
                     option);
}

/// What the run said of blocks that its time did not allow; empty where all were measured.
std::string time_cap(const CaseResult& c) {
  const auto& flags = c.samples.flags;
  const auto at = std::find_if(flags.begin(), flags.end(), [](const Flag& flag) {
    return flag.code == info(WarningCode::time_cap).name;
  });
  return at == flags.end() ? std::string() : at->evidence;
}

/// More time would bring more blocks, and more blocks might decide.
bool wants_time(const CaseResult& c, const Scope& worst) {
  return worst.outcome == Outcome::inconclusive && !time_cap(c).empty() &&
         (!worst.estimate || worst.projected_blocks);
}

/// Seconds in which so many blocks fit: by the pace of those that did, and half as much again.
std::int64_t enough_time(const CaseResult& c, const Scope& worst, std::int64_t wanted) {
  const auto length = std::max(worst.block_length, std::int64_t{1});
  const auto blocks = std::max(worst.iterations / length, std::int64_t{1});
  const auto ratio = static_cast<double>(wanted) / static_cast<double>(blocks);
  const auto seconds = std::ceil(1.5 * c.elapsed_s * std::max(ratio, 1.0));
  return static_cast<std::int64_t>(std::clamp(seconds, 1.0, 1e8));
}

std::string more_evidence(const CaseResult& c, const Scope& worst, const Clause& clause) {
  const auto floor = stats::zero_defect_minimum(0.1, clause.false_accept);
  const auto wanted = std::max(worst.projected_blocks.value_or(0), floor);
  if (wants_time(c, worst)) {
    const auto planned = c.spec.protocol.stop.blocks;
    const auto seconds = enough_time(c, worst, std::max(wanted, planned));
    return run_again(fmt::format("--max-time-per-case {}", seconds) +
                     (wanted > planned ? fmt::format(" --blocks {}", wanted) : ""));
  }
  if (worst.sigma && *worst.sigma > clause.guard) {
    // σ_b falls with √b: as long as it takes to bring it down to the guard, and odd.
    const auto ratio = *worst.sigma / clause.guard;
    constexpr double longest = 1e15;  // longer ones are no advice, and fit no integer
    const auto length = std::min(longest, static_cast<double>(worst.block_length) * ratio * ratio);
    return run_again(
        fmt::format("--block-length {}", static_cast<std::int64_t>(std::ceil(length)) | 1));
  }
  if (!worst.projected_blocks) return {};
  return run_again(fmt::format("--blocks {}", wanted));
}

/// The command that brings the next piece of evidence.
std::string next_step(const CaseResult& c, const Scope& worst, const Clause& clause) {
  switch (worst.outcome) {
    case Outcome::pass:
      return {};
    case Outcome::not_measured:
      return run_again();
    case Outcome::inconclusive:
      return more_evidence(c, worst, clause);
    case Outcome::fail:
      break;
  }
  return closer_look(c);
}

void write(Finding& finding, const std::vector<Ranked>& ranked, const ClauseScopes& scopes,
           const Clause& clause) {
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
  account.weakest = lowest_text(worst, scopes, clause);
  account.named = finding.failed_hosts;
  finding.sentence = clause_sentence(account);
  if (wants_time(c, finding.scopes.front())) finding.sentence += ". " + time_cap(c);
  finding.sentence += ". evidence " + c.spec.id;
  finding.next = next_step(c, finding.scopes.front(), clause);
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
    finding.next = run_again();
    return finding;
  }
  const auto ranked = scopes.ranked();
  finding.outcome = ranked.front().outcome;
  keep_scopes(ranked, scopes, finding);
  finding.failed_hosts = blamed_hosts(failed_groups(ranked, scopes, clause), evidence.hosts);
  write(finding, ranked, scopes, clause);
  return finding;
}

}  // namespace assay::contract

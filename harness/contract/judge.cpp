#include "harness/contract/judge.hpp"

#include <algorithm>
#include <cctype>
#include <set>

#include "harness/contract/clause_judge.hpp"
#include "harness/contract/implicit.hpp"
#include "harness/core/printable.hpp"

namespace assay::contract {
namespace {

void count(Verdict& verdict, Outcome outcome) {
  switch (outcome) {
    case Outcome::fail:
      ++verdict.fail;
      break;
    case Outcome::not_measured:
      ++verdict.not_measured;
      break;
    case Outcome::inconclusive:
      ++verdict.inconclusive;
      break;
    case Outcome::pass:
      ++verdict.pass;
      break;
  }
}

/// A command is there to be pasted into a shell, and its words may come from the other party's
/// document: nothing that a shell would obey stands in it.
bool is_plain(std::string_view command) {
  return std::all_of(command.begin(), command.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view(" -_.,:=@+%").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

void tidy(Finding& finding) {
  finding.sentence = printable(finding.sentence);
  if (!is_plain(finding.next)) finding.next.clear();
}

void conclude(Verdict& verdict) {
  verdict.outcome = Outcome::pass;
  std::set<std::string> hosts;
  for (auto& finding : verdict.findings) {
    tidy(finding);
    verdict.outcome = std::min(verdict.outcome, finding.outcome);
    count(verdict, finding.outcome);
    hosts.insert(finding.failed_hosts.begin(), finding.failed_hosts.end());
  }
  verdict.failed_hosts.assign(hosts.begin(), hosts.end());
}

}  // namespace

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::fail:
      return "fail";
    case Outcome::not_measured:
      return "not_measured";
    case Outcome::inconclusive:
      return "inconclusive";
    case Outcome::pass:
      break;
  }
  return "pass";
}

Verdict judge(const Contract& contract, const result::ResultDocument& result) {
  Verdict verdict;
  verdict.contract_name = contract.name;
  verdict.run_complete = result.run.complete;
  if (any(contract.expects)) verdict.findings.push_back(judge_expects(contract.expects, result));
  verdict.findings.push_back(judge_correct(result));
  verdict.findings.push_back(judge_complete(result));
  const HostMap hosts(result.topology);
  std::size_t scopes = 0;
  for (const auto& clause : contract.clauses) scopes += scope_count(clause, result);
  for (const auto& clause : contract.clauses)
    verdict.findings.push_back(
        judge_clause(clause, {result, hosts, std::max(scopes, std::size_t{1})}));
  conclude(verdict);
  return verdict;
}

std::string next_command(const Finding& finding, std::string_view contract_file) {
  auto command = finding.next;
  const auto option = std::string("--contract ");
  const auto at = command.find(option + std::string(contract_placeholder));
  if (at != std::string::npos)
    command.replace(at + option.size(), contract_placeholder.size(), contract_file);
  return command;
}

ExitCode exit_code(const Verdict& verdict) {
  if (verdict.outcome == Outcome::fail) return ExitCode::not_met;
  if (!verdict.run_complete) return ExitCode::incomplete;
  return verdict.outcome == Outcome::pass ? ExitCode::ok : ExitCode::undecided;
}

}  // namespace assay::contract

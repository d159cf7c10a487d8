#include <fmt/format.h>

#include <algorithm>

#include "harness/core/printable.hpp"
#include "harness/report/table.hpp"
#include "harness/report/text.hpp"

namespace assay::report {
namespace {

using contract::Finding;
using contract::Outcome;
using contract::Verdict;

constexpr std::size_t line_width = 119;
constexpr std::size_t outcome_width = 14;  // "NOT MEASURED" and two blanks

std::string_view shouted(Outcome outcome) {
  switch (outcome) {
    case Outcome::fail:
      return "FAIL";
    case Outcome::not_measured:
      return "NOT MEASURED";
    case Outcome::inconclusive:
      return "INCONCLUSIVE";
    case Outcome::pass:
      break;
  }
  return "PASS";
}

std::string summary(const Verdict& verdict) {
  return fmt::format(
      "VERDICT: {}  {} pass · {} fail · {} inconclusive · {} not measured      exit {}\n",
      shouted(verdict.outcome), verdict.pass, verdict.fail, verdict.inconclusive,
      verdict.not_measured, static_cast<int>(exit_code(verdict)));
}

}  // namespace

std::string verdict_block(const Verdict& verdict, std::string_view contract_file) {
  std::vector<const Finding*> findings;
  std::size_t widest = 0;
  for (const auto& finding : verdict.findings) {
    findings.push_back(&finding);
    widest = std::max(widest, width(printable(finding.clause)));
  }
  std::stable_sort(findings.begin(), findings.end(), [](const auto* a, const auto* b) {
    return a->outcome < b->outcome;  // the weightiest first
  });
  std::string text;
  for (const auto* finding : findings) {
    const auto clause = printable(finding->clause);
    auto first = fmt::format("{:<{}}{}", shouted(finding->outcome), outcome_width, clause);
    first += std::string(widest + 2 - width(clause), ' ');
    text += wrapped(first, finding->sentence, line_width);
    if (!finding->next.empty())
      text += wrapped(std::string(outcome_width + widest + 2, ' ') + "next: ",
                      next_command(*finding, contract_file), line_width);
  }
  return text + summary(verdict);
}

std::string warning_block(const std::vector<Warning>& warnings) {
  std::string text;
  for (const auto& warning : warnings) {
    const auto where = warning.where.empty() ? "" : fmt::format(" ({})", warning.where);
    text += wrapped(fmt::format("WARNING       {}: ", warning.code),
                    fmt::format("{}{}; {}", warning.evidence, where, warning.remedy), line_width);
  }
  return text;
}

std::string failed_hosts(const Verdict& verdict) {
  std::string text;
  for (const auto& host : verdict.failed_hosts) text += printable(host) + "\n";
  return text;
}

}  // namespace assay::report

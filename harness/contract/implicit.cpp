#include "harness/contract/implicit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "harness/contract/forbidden.hpp"
#include "harness/contract/scopes.hpp"

namespace assay::contract {
namespace {

using result::CaseResult;
using result::ResultDocument;
using result::Status;

Finding finding(std::string_view clause, Outcome outcome, std::string sentence) {
  Finding result;
  result.clause = clause;
  result.outcome = outcome;
  result.sentence = std::move(sentence);
  return result;
}

std::vector<const CaseResult*> by_id(const ResultDocument& document) {
  std::vector<const CaseResult*> cases;
  for (const auto& c : document.cases) cases.push_back(&c);
  std::sort(cases.begin(), cases.end(),
            [](const auto* a, const auto* b) { return a->spec.id < b->spec.id; });
  return cases;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Whether its name has `wanted` as a word: "NVIDIA GB200" is no B200.
bool is_device(const std::map<std::string, std::string>& device, const std::string& wanted) {
  const auto gpu = device.find("gpu");
  if (gpu == device.end()) return false;
  const auto name = " " + lower(gpu->second) + " ";
  const auto inside = [&](std::size_t i) {
    return std::isalnum(static_cast<unsigned char>(name[i]));
  };
  for (auto at = name.find(wanted); at != name.npos; at = name.find(wanted, at + 1))
    if (!inside(at - 1) && !inside(at + wanted.size())) return true;
  return false;
}

/// Hosts with another number of ranks than expected.
std::vector<const result::HostInfo*> other_ranks(std::int64_t wanted,
                                                 const ResultDocument& document) {
  std::vector<const result::HostInfo*> others;
  for (const auto& host : document.topology.hosts)
    if (std::ssize(expand_ranks(host.ranks)) != wanted) others.push_back(&host);
  return others;
}

/// What is wrong with the devices; empty where nothing is.
std::string other_devices(const std::string& wanted, const ResultDocument& document) {
  const auto& devices = document.topology.devices;
  if (devices.empty())
    return fmt::format("device {} is expected, the inventory lists none", wanted);
  const auto matching = std::count_if(devices.begin(), devices.end(), [&](const auto& device) {
    return is_device(device, lower(wanted));
  });
  const auto others = std::ssize(devices) - matching;
  if (others == 0) return {};
  return fmt::format("device {} is expected, {} of {} devices are others", wanted, others,
                     devices.size());
}

/// "1 node", "2 nodes"
std::string counted(std::int64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string shortened(std::string_view digest) { return std::string(digest.substr(0, 12)) + "…"; }

std::string describe(const Expects& expects) {
  std::vector<std::string> parts;
  if (expects.nodes) parts.push_back(counted(*expects.nodes, "node"));
  if (expects.ranks_per_node)
    parts.push_back(counted(*expects.ranks_per_node, "rank") + " on each node");
  if (expects.device) parts.push_back(fmt::format("device {}", *expects.device));
  if (!expects.forbidden.empty())
    parts.push_back(fmt::format("no {}", fmt::join(expects.forbidden, ", no ")));
  for (const auto& [name, digest] : expects.files)
    parts.push_back(fmt::format("{} {}", name, shortened(digest)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// The expected files that no case of the run names, or of which the result does not say more.
std::vector<std::string> unknown_files(const Expects& expects, const ResultDocument& document) {
  std::vector<std::string> unknown;
  for (const auto& [name, digest] : expects.files)
    if (!document.plan.inputs.contains(name)) unknown.push_back(name);
  return unknown;
}

/// Nothing moved and nothing computed: the harness timing itself.
bool has_data(const CaseResult& c) {
  return std::any_of(c.work.begin(), c.work.end(),
                     [](const Work& work) { return !work.amount.empty(); });
}

/// Both before the timed loop and after it.
bool was_checked(const CaseResult& c) {
  return c.verify.done && c.verify.before.checked > 0 && c.verify.after.checked > 0;
}

const VerifyReport* first_wrong(const CaseResult& c) {
  if (c.verify.before.wrong > 0) return &c.verify.before;
  return c.verify.after.wrong > 0 ? &c.verify.after : nullptr;
}

std::string wrong_sentence(const CaseResult& c, const VerifyReport& report) {
  const auto begin = fmt::format("{} ({}): {} of {} elements wrong", label(c.spec), c.spec.id,
                                 report.wrong, report.checked);
  if (!report.first) return begin;
  const auto& at = *report.first;
  return fmt::format(
      "{}; the first on rank {} (host {}), buffer {}, offset {}: expected {}, got {}", begin,
      at.rank, at.host, at.buffer, at.offset, at.expected, at.actual);
}

Finding wrong_finding(const std::vector<const CaseResult*>& wrong) {
  const auto& first = *wrong.front();
  auto result = finding("correct", Outcome::fail, wrong_sentence(first, *first_wrong(first)));
  if (wrong.size() > 1) result.sentence += fmt::format(". {} cases have wrong data", wrong.size());
  std::set<std::string> hosts;
  for (const auto* c : wrong) {
    result.cases.push_back(c->spec.id);
    const auto* report = first_wrong(*c);
    if (report->first && !report->first->host.empty()) hosts.insert(report->first->host);
  }
  result.failed_hosts.assign(hosts.begin(), hosts.end());
  const auto& dims = first.spec.dims;
  const bool in_pairs = !dims.contains("step") && !dims.contains("parallelism");
  if (dims.contains("backend") && text_dim(dims, "backend") == "mpi" && in_pairs)
    result.next = fmt::format("assay run {} --layout pairs", first.spec.benchmark);
  return result;
}

std::string gap(const CaseResult& c) {
  return fmt::format("{} ({}) was {}", label(c.spec), c.spec.id, why_unmeasured(c));
}

}  // namespace

bool any(const Expects& expects) {
  return expects.nodes || expects.ranks_per_node || expects.device || !expects.forbidden.empty() ||
         !expects.files.empty();
}

Finding judge_expects(const Expects& expects, const ResultDocument& document) {
  std::vector<std::string> wrong;
  std::set<std::string> hosts;
  const auto nodes = std::ssize(document.topology.hosts);
  if (expects.nodes && nodes != *expects.nodes)
    wrong.push_back(fmt::format("{} nodes are expected, the run had {}", *expects.nodes, nodes));
  if (expects.ranks_per_node) {
    const auto others = other_ranks(*expects.ranks_per_node, document);
    for (const auto* host : others) hosts.insert(host->name);
    // One example is enough for the sentence: failed_hosts has them all.
    if (!others.empty())
      wrong.push_back(fmt::format("{} ranks on each node are expected, host {} has {}",
                                  *expects.ranks_per_node, others.front()->name,
                                  expand_ranks(others.front()->ranks).size()));
  }
  if (expects.device)
    if (auto problem = other_devices(*expects.device, document); !problem.empty())
      wrong.push_back(std::move(problem));
  for (const auto& setting : forbidden_settings(expects.forbidden, document)) {
    wrong.push_back(setting.sentence);
    hosts.insert(setting.hosts.begin(), setting.hosts.end());
  }
  for (const auto& [name, digest] : document.plan.inputs)
    if (const auto wanted = expects.files.find(name);
        wanted != expects.files.end() && wanted->second != digest)
      wrong.push_back(fmt::format("{} is another file: SHA-256 {} is expected, the run had {}",
                                  name, shortened(wanted->second), shortened(digest)));
  if (!wrong.empty()) {
    auto result = finding("expects", Outcome::fail, fmt::format("{}", fmt::join(wrong, "; ")));
    result.failed_hosts.assign(hosts.begin(), hosts.end());
    return result;
  }
  if (document.topology.stated && (expects.nodes || expects.ranks_per_node)) {
    auto result = finding("expects", Outcome::not_measured,
                          "the nodes were stated with --ranks-per-node, not detected");
    result.next = "run again without --ranks-per-node";
    return result;
  }
  if (!expects.forbidden.empty() && !records_every_rank(document)) {
    auto result = finding("expects", Outcome::not_measured,
                          "what ranks other than rank 0 had set is not recorded");
    result.next = "run again: this assay records it";
    return result;
  }
  if (const auto unknown = unknown_files(expects, document); !unknown.empty()) {
    auto result = finding(
        "expects", Outcome::not_measured,
        fmt::format("the result does not say that a case used {}", fmt::join(unknown, ", ")));
    result.next = fmt::format("assay run --contract {}", contract_placeholder);
    return result;
  }
  return finding("expects", Outcome::pass, describe(expects) + ", as expected");
}

Finding judge_correct(const ResultDocument& document) {
  std::vector<const CaseResult*> wrong, unchecked;
  std::uint64_t checked = 0;
  std::size_t measured = 0;
  for (const auto* c : by_id(document)) {
    // Wrong data is wrong, in a case that could not be finished too.
    if (first_wrong(*c) != nullptr) wrong.push_back(c);
    if (c->status != Status::measured) continue;
    ++measured;
    checked += c->verify.before.checked + c->verify.after.checked;
    if (has_data(*c) && !was_checked(*c)) unchecked.push_back(c);
  }
  if (!wrong.empty()) return wrong_finding(wrong);
  if (!unchecked.empty()) {
    const auto& first = *unchecked.front();
    const auto& reason = first.verify.reason;
    auto result =
        finding("correct", Outcome::not_measured,
                fmt::format("the data of {} of {} cases was not checked, first {} ({}): {}",
                            unchecked.size(), measured, label(first.spec), first.spec.id,
                            reason.empty() ? "no reason is given" : reason));
    for (const auto* c : unchecked) result.cases.push_back(c->spec.id);
    return result;
  }
  if (measured == 0) return finding("correct", Outcome::not_measured, "nothing was measured");
  return finding("correct", Outcome::pass,
                 fmt::format("{} elements checked in {} cases, none wrong", checked, measured));
}

Finding judge_complete(const ResultDocument& document) {
  const auto& run = document.run;
  auto result = finding("complete", Outcome::not_measured, {});
  if (!run.complete) {
    result.sentence = fmt::format("the run did not complete: {}",
                                  run.reason.empty() ? "no reason is given" : run.reason);
    return result;
  }
  if (document.cases.size() < document.plan.cases) {
    result.sentence = fmt::format("{} of {} planned cases are missing",
                                  document.plan.cases - document.cases.size(), document.plan.cases);
    return result;
  }
  const CaseResult* first = nullptr;
  for (const auto* c : by_id(document)) {
    if (c->status == Status::measured || (c->status == Status::skipped && c->spec.optional))
      continue;
    if (first == nullptr) first = c;
    result.cases.push_back(c->spec.id);
  }
  if (first != nullptr) {
    result.sentence = gap(*first);
    if (result.cases.size() > 1)
      result.sentence += fmt::format(". {} cases are missing so", result.cases.size());
    return result;
  }
  result.outcome = Outcome::pass;
  result.sentence = fmt::format("{} cases, as planned", document.cases.size());
  if (!document.resumed.empty())
    result.sentence += fmt::format(", in {} attempts", document.resumed.size() + 1);
  return result;
}

}  // namespace assay::contract

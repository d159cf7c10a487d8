#include "harness/app/resuming.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/core/error.hpp"

namespace assay::app {

namespace {

using result::Attempt;
using Facts = std::map<std::string, std::string>;

constexpr std::size_t named_hosts = 8;

/// "kernel 6.2 (was 6.1)", by key.
std::vector<std::string> differences(const Facts& was, const Facts& is) {
  std::set<std::string> keys;
  for (const auto& facts : {&was, &is})
    for (const auto& [key, value] : *facts) keys.insert(key);
  const auto value_of = [](const Facts& facts, const std::string& key) {
    const auto at = facts.find(key);
    return at == facts.end() ? std::string("unset") : at->second;
  };
  std::vector<std::string> list;
  for (const auto& key : keys)
    if (value_of(was, key) != value_of(is, key))
      list.push_back(fmt::format("{} {} (was {})", key, value_of(is, key), value_of(was, key)));
  return list;
}

Facts facts_of(const result::HostInfo& host, const result::TopologyInfo& topology) {
  Facts facts = topology.fingerprints[host.fingerprint];
  for (const auto& binding : host.bindings)
    facts.emplace(fmt::format("cpus of ranks {}", format_ranks(binding.ranks)), binding.cpus);
  return facts;
}

/// Of rank 0's host; a job's own numbers and node lists are other ones every time.
Facts settings_of(const Facts& environment, const std::vector<Facts>& devices) {
  Facts facts;
  for (const auto& [key, value] : environment)
    if (!key.starts_with("SLURM_")) facts.emplace(key, value);
  for (std::size_t i = 0; i < devices.size(); ++i)
    for (const auto& [key, value] : devices[i])
      if (!result::TopologyInfo::is_momentary(key))
        facts.emplace(fmt::format("device {} {}", i, key), value);
  return facts;
}

std::string names(const std::vector<std::string>& hosts) {
  const auto shown = std::min(hosts.size(), named_hosts);
  const std::span first(hosts.data(), shown);
  const auto text = fmt::format("{}", fmt::join(first, ", "));
  if (shown == hosts.size()) return text;
  return fmt::format("{} and {} more", text, hosts.size() - shown);
}

/// The hosts of both are the same, in the same order.
std::vector<Warning> changes(const result::ResultDocument& begun, const Attempt& next) {
  std::map<std::string, std::vector<std::string>> hosts_by_change;
  const auto add = [&](const std::vector<std::string>& found, const std::string& where) {
    if (!found.empty())
      hosts_by_change[fmt::format("since attempt {}: {}", next.attempt, fmt::join(found, "; "))]
          .push_back(where);
  };
  const auto &was = begun.topology, &is = next.topology;
  for (std::size_t i = 0; i < is.hosts.size(); ++i)
    add(differences(facts_of(was.hosts[i], was), facts_of(is.hosts[i], is)), is.hosts[i].name);
  add(differences(settings_of(begun.run.environment, was.devices),
                  settings_of(next.environment, is.devices)),
      "environment");
  std::vector<Warning> warnings;
  for (const auto& [change, hosts] : hosts_by_change)
    warnings.push_back(warn(WarningCode::changed_between_attempts, change, names(hosts)));
  return warnings;
}

std::string range(const plan::Plan& plan, std::size_t first, std::size_t end) {
  if (first >= end) return "none";
  const auto& from = plan.cases[first].id;
  return end - first == 1 ? from : fmt::format("{} to {}", from, plan.cases[end - 1].id);
}

/// Where the attempt began; the plan's end where nothing was missing.
std::size_t index_of_first(const Attempt& attempt, const plan::Plan& plan) {
  const auto at = std::find_if(plan.cases.begin(), plan.cases.end(),
                               [&](const Case& c) { return c.id == attempt.first_case; });
  return static_cast<std::size_t>(at - plan.cases.begin());
}

}  // namespace

void check_ranks(const result::ResultDocument& begun, int ranks, const std::string& where) {
  const int had = begun.topology.topology().ranks();
  if (ranks != had)
    throw UsageError({where, fmt::format("the run has {} ranks, {} were started", had, ranks),
                      fmt::format("start {}, on the same hosts", had)});
}

void check_same_ground(const result::ResultDocument& begun, const result::ResultDocument& now,
                       const std::string& where) {
  const auto was = begun.topology.topology(), is = now.topology.topology();
  for (int rank = 0; rank < was.ranks(); ++rank)
    if (was.host_name(rank) != is.host_name(rank))
      throw UsageError({where,
                        fmt::format("rank {} is on host {}, in the run it was on host {}", rank,
                                    is.host_name(rank), was.host_name(rank)),
                        "start it on the same hosts, in the same order"});
  const auto other = differences(begun.run.tool, now.run.tool);
  if (!other.empty())
    throw UsageError({where,
                      fmt::format("the run was begun by another build: {}", fmt::join(other, ", ")),
                      "resume it with that build, or start it anew"});
}

Attempt next_attempt(const result::Unfinished& run, const result::ResultDocument& now) {
  return {.attempt = run.document.run.attempt + 1,
          .id = now.run.id,
          .started = now.run.started,
          .command = now.run.command,
          .first_case = run.first_case(),
          .previous = run.previous,
          .topology = now.topology,
          .environment = now.run.environment,
          .warnings = {}};
}

std::vector<Warning> warnings_so_far(const result::Unfinished& run, const Attempt& next) {
  std::vector<Warning> all;
  const auto add = [&](const std::vector<Warning>& some) {
    for (const auto& warning : some)
      if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
  };
  add(run.conduct.warnings);
  for (const auto& attempt : run.document.resumed) {
    add(attempt.warnings);
    add(changes(run.document, attempt));
  }
  add(next.warnings);
  add(changes(run.document, next));
  return all;
}

Warning resumed_warning(std::span<const Attempt> attempts, const plan::Plan& plan,
                        std::size_t finished) {
  const int first = attempts.front().attempt - 1;
  auto text = fmt::format("attempt {} measured ", first);
  std::size_t begin = 0;
  for (const auto& attempt : attempts) {
    const auto end = std::min(index_of_first(attempt, plan), finished);
    text += fmt::format("{} and ended: {}; attempt {} measured ", range(plan, begin, end),
                        attempt.previous, attempt.attempt);
    begin = end;
  }
  text += range(plan, begin, finished);
  return warn(WarningCode::resumed,
              text + "; a case in flight was measured anew, none is made of two attempts");
}

}  // namespace assay::app

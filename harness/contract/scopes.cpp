#include "harness/contract/scopes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/contract/selector.hpp"

namespace assay::contract {
namespace {

constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

/// How often the groups of a host failed, in one case.
struct Record {
  std::size_t groups = 0, failed = 0;
  double share() const {
    return groups == 0 ? 0 : static_cast<double>(failed) / static_cast<double>(groups);
  }
};

using HostSet = std::vector<std::size_t>;

/// All groups of a layout with their hosts, in one pass: Layout::group() walks the rounds.
std::vector<HostSet> hosts_by_group(const Layout& layout, const HostMap& hosts) {
  std::vector<HostSet> all;
  for (const auto& round : layout.rounds)
    for (const auto& group : round.at_once) all.push_back(hosts.hosts_of(group));
  return all;
}

std::vector<Record> records(const std::vector<HostSet>& groups, const std::vector<bool>& failed) {
  std::vector<Record> result;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (groups[group].size() < 2) continue;
    for (const auto host : groups[group]) {
      if (host >= result.size()) result.resize(host + 1);
      ++result[host].groups;
      if (failed[group]) ++result[host].failed;
    }
  }
  return result;
}

std::set<std::size_t> suspects(const std::vector<Record>& all) {
  double worst = 0;
  for (const auto& record : all) worst = std::max(worst, record.share());
  std::set<std::size_t> result;
  for (std::size_t host = 0; host < all.size(); ++host)
    if (all[host].share() > 0.5 && all[host].share() >= 0.9 * worst) result.insert(host);
  return result;
}

/// Hosts that failing groups which span several of them speak against.
std::set<std::size_t> blame_spanning(const std::vector<HostSet>& groups,
                                     const std::vector<bool>& failed) {
  const auto all = records(groups, failed);
  const auto suspected = suspects(all);
  const auto present = std::count_if(all.begin(), all.end(), [](auto r) { return r.groups > 0; });
  std::set<std::size_t> blamed;
  if (std::ssize(suspected) == present) return blamed;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    if (!failed[group] || groups[group].size() < 2) continue;
    HostSet here;
    std::copy_if(groups[group].begin(), groups[group].end(), std::back_inserter(here),
                 [&](std::size_t host) { return suspected.contains(host); });
    if (here.size() == 1) blamed.insert(here.front());
  }
  return blamed;
}

}  // namespace

std::vector<const result::CaseResult*> selected(const result::ResultDocument& document,
                                                const Selector& selector) {
  std::vector<const result::CaseResult*> found;
  for (const auto& c : document.cases)
    if (matches(selector, c.spec)) found.push_back(&c);
  std::sort(found.begin(), found.end(),
            [](const auto* a, const auto* b) { return a->spec.id < b->spec.id; });
  return found;
}

const Layout* layout_named(const result::ResultDocument& document, const std::string& key) {
  const auto at = document.layouts.find(key);
  return at == document.layouts.end() ? nullptr : &at->second;
}

const Layout* layout_of(const result::ResultDocument& document, const result::CaseResult& c) {
  return layout_named(document, c.spec.layout);
}

std::size_t groups_of(const result::ResultDocument& document, const result::CaseResult& c) {
  const auto* layout = layout_of(document, c);
  return layout == nullptr ? 0 : layout->group_count();
}

std::string why_unmeasured(const result::CaseResult& c) {
  return fmt::format("{}: {}", c.status == result::Status::skipped ? "skipped" : "not finished",
                     c.reason.empty() ? "no reason is given" : c.reason);
}

HostMap::HostMap(const result::TopologyInfo& topology) {
  for (const auto& host : topology.hosts) {
    for (const auto rank : expand_ranks(host.ranks)) {
      const auto at = static_cast<std::size_t>(rank);
      if (at >= host_of_rank_.size()) host_of_rank_.resize(at + 1, nowhere);
      host_of_rank_[at] = names_.size();
    }
    names_.push_back(host.name);
  }
}

std::vector<std::size_t> HostMap::hosts_of(const Group& group) const {
  std::vector<std::size_t> found;
  for (const auto rank : group.ranks()) {
    const auto at = static_cast<std::size_t>(rank);
    if (at >= host_of_rank_.size() || host_of_rank_[at] == nowhere) continue;
    if (found.empty() || found.back() != host_of_rank_[at]) found.push_back(host_of_rank_[at]);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<std::string> HostMap::names(const std::vector<std::size_t>& hosts) const {
  std::vector<std::string> result;
  for (const auto host : hosts) result.push_back(names_[host]);
  return result;
}

std::string CaseGroups::name(std::size_t group) const {
  const auto& members = layout->group(group);
  return subject(layout->name, format_ranks(members.members),
                 hosts->names(hosts->hosts_of(members)));
}

CaseGroups case_groups(const result::ResultDocument& document, const result::CaseResult& c,
                       const HostMap& hosts) {
  return {&c, layout_of(document, c), groups_of(document, c), &hosts};
}

std::vector<std::string> blamed_hosts(const std::vector<FailedGroups>& failed,
                                      const HostMap& hosts) {
  std::set<std::size_t> blamed;
  for (const auto& one : failed) {
    if (one.layout == nullptr) continue;
    const auto groups = hosts_by_group(*one.layout, hosts);
    std::vector<bool> is_failed(groups.size(), false);
    for (const auto group : one.groups) {
      is_failed.at(group) = true;
      if (groups[group].size() == 1) blamed.insert(groups[group].front());
    }
    blamed.merge(blame_spanning(groups, is_failed));
  }
  auto names = hosts.names({blamed.begin(), blamed.end()});
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string subject(std::string_view layout, const std::string& ranks,
                    const std::vector<std::string>& hosts) {
  const bool one_rank = ranks.find_first_of(",-") == std::string::npos;
  const auto who = fmt::format("{} {}", one_rank ? "rank" : "ranks", ranks);
  if (hosts.empty()) return who;
  if (hosts.size() == 1)
    return layout == "node" ? "host " + hosts[0] : fmt::format("{} on host {}", who, hosts[0]);
  if (hosts.size() == 2) return fmt::format("{} between {} and {}", who, hosts[0], hosts[1]);
  return fmt::format("{} on {} hosts", who, hosts.size());
}

}  // namespace assay::contract

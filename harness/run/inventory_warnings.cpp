#include "harness/run/inventory_warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>

namespace assay::run {
namespace {

constexpr double other_load_share = 0.05, other_load_cpus = 0.15;
constexpr double memory_tolerance = 0.02;
constexpr std::size_t named_hosts = 8;

/// The ranks of one host, and what they may use together.
struct HostView {
  std::string name;
  std::vector<const RankInventory*> ranks;

  const RankInventory& first() const { return *ranks.front(); }
  /// CPUs that the ranks can really use at once: cores they are bound to, within the quota.
  double usable() const {
    std::set<int> cores;
    for (const auto* rank : ranks) cores.insert(rank->bound_cores.begin(), rank->bound_cores.end());
    const auto bound = static_cast<double>(cores.size());
    return first().cpu_quota > 0 ? std::min(bound, first().cpu_quota) : bound;
  }
  bool oversubscribed() const { return static_cast<double>(ranks.size()) > usable(); }
};

std::vector<HostView> by_host(std::span<const RankInventory> ranks) {
  std::vector<HostView> hosts;
  std::map<std::string, std::size_t> index;
  for (const auto& rank : ranks) {
    const auto [at, added] = index.emplace(rank.host, hosts.size());
    if (added) hosts.push_back({rank.host, {}});
    hosts[at->second].ranks.push_back(&rank);
  }
  return hosts;
}

/// Gathers hosts with the same to say into one warning, in order of first appearance.
class Collector {
 public:
  void add(WarningCode code, const std::string& evidence, const std::string& host) {
    auto entry = std::ranges::find_if(
        entries_, [&](const Entry& e) { return e.code == code && e.evidence == evidence; });
    if (entry == entries_.end())
      entries_.push_back({code, evidence, {host}});
    else
      entry->hosts.push_back(host);
  }

  std::vector<Warning> warnings() const {
    std::vector<Warning> list;
    list.reserve(entries_.size());
    for (const auto& entry : entries_)
      list.push_back(warn(entry.code, entry.evidence, where(entry.hosts)));
    return list;
  }

 private:
  struct Entry {
    WarningCode code;
    std::string evidence;
    std::vector<std::string> hosts;
  };

  static std::string where(const std::vector<std::string>& hosts) {
    std::string text = hosts.size() == 1 ? "host " : "hosts ";
    const auto shown = std::min(hosts.size(), named_hosts);
    for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + hosts[i];
    if (hosts.size() > shown) text += fmt::format(" and {} more", hosts.size() - shown);
    return text;
  }

  std::vector<Entry> entries_;
};

void check_cores(const HostView& host, Collector& collector) {
  if (host.oversubscribed())
    collector.add(WarningCode::oversubscribed,
                  fmt::format("{} ranks share {:g} of {} cores", host.ranks.size(), host.usable(),
                              host.first().host_cores),
                  host.name);
  const auto unbound = std::ranges::count_if(host.ranks, [](const RankInventory* rank) {
    return rank->host_cores > 1 && static_cast<int>(rank->bound_cores.size()) >= rank->host_cores;
  });
  if (unbound > 0)
    collector.add(WarningCode::unbound,
                  fmt::format("{} of {} ranks may run on any of {} cores", unbound,
                              host.ranks.size(), host.first().host_cores),
                  host.name);
}

void check_governor(const HostView& host, Collector& collector) {
  const auto governor = host.first().fingerprint.find("governor");
  if (governor == host.first().fingerprint.end()) return;
  if (governor->second != "performance" && governor->second != "none")
    collector.add(WarningCode::cpu_governor, "the CPU governor is " + governor->second, host.name);
}

/// Where ranks outnumber cores their own late wake-ups look like foreign load.
void check_load(const HostView& host, Collector& collector) {
  if (host.oversubscribed()) return;
  double load = 0;
  for (const auto* rank : host.ranks) load = std::max(load, rank->other_cpus);
  const double limit =
      std::max(other_load_cpus, other_load_share * static_cast<double>(host.first().host_cores));
  if (load > limit)
    collector.add(WarningCode::other_load,
                  fmt::format("{:.1f} of {} cores were busy with something else before the run",
                              load, host.first().host_cores),
                  host.name);
}

bool same_value(const std::string& key, const std::string& a, const std::string& b) {
  if (a == b) return true;
  if (key != "memory") return false;
  const double x = std::strtod(a.c_str(), nullptr), y = std::strtod(b.c_str(), nullptr);
  return std::abs(x - y) <= memory_tolerance * std::max(x, y);
}

/// "cpu is A, elsewhere B" for the first key that differs from `usual`; empty if none does.
std::string difference(const std::map<std::string, std::string>& mine,
                       const std::map<std::string, std::string>& usual) {
  for (const auto& [key, value] : usual) {
    const auto own = mine.find(key);
    const std::string have = own == mine.end() ? "unknown" : own->second;
    if (!same_value(key, have, value))
      return fmt::format("{} is {}, elsewhere {}", key, have, value);
  }
  return {};
}

/// The fingerprint of most hosts; of equally frequent ones that of the earliest host.
std::map<std::string, std::string> majority(const std::vector<HostView>& hosts) {
  std::map<std::map<std::string, std::string>, std::size_t> count;
  for (const auto& host : hosts) ++count[host.first().fingerprint];
  std::map<std::string, std::string> usual;
  std::size_t most = 0;
  for (const auto& host : hosts) {
    const auto times = count[host.first().fingerprint];
    if (times <= most) continue;
    most = times;
    usual = host.first().fingerprint;
  }
  return usual;
}

}  // namespace

std::vector<Warning> inventory_warnings(std::span<const RankInventory> ranks,
                                        const InventoryOptions& options) {
  Collector collector;
  const auto hosts = by_host(ranks);
  const auto usual = majority(hosts);
  for (const auto& host : hosts) {
    check_cores(host, collector);
    check_governor(host, collector);
    check_load(host, collector);
    const auto differs = difference(host.first().fingerprint, usual);
    if (!differs.empty()) collector.add(WarningCode::fingerprint_differs, differs, host.name);
  }
  auto list = collector.warnings();
  if (options.debug_build)
    list.push_back(warn(WarningCode::debug_build, "this build is not optimised, or sanitized"));
  return list;
}

bool ranks_outnumber_cores(std::span<const RankInventory> ranks) {
  return std::ranges::any_of(by_host(ranks),
                             [](const HostView& host) { return host.oversubscribed(); });
}

}  // namespace assay::run

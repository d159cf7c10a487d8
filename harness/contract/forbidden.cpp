#include "harness/contract/forbidden.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/core/rank_set.hpp"

namespace assay::contract {
namespace {

using result::ResultDocument;
using result::TopologyInfo;
using Environment = std::map<std::string, std::string>;

/// What one attempt at a run leaves of its environment.
struct Recorded {
  const Environment& of_rank_0;
  const TopologyInfo& topology;
};

std::vector<Recorded> attempts(const ResultDocument& document) {
  std::vector<Recorded> all{{document.run.environment, document.topology}};
  for (const auto& attempt : document.resumed)
    all.push_back({attempt.environment, attempt.topology});
  return all;
}

/// By value, whether each rank has it.
std::map<std::string, std::vector<bool>> values_of(const std::string& name,
                                                   const Recorded& recorded) {
  const auto ranks = static_cast<std::size_t>(recorded.topology.topology().ranks());
  std::map<std::string, std::vector<bool>> values;
  const auto& others = recorded.topology.set_otherwise;
  std::vector<bool> like_rank_0(ranks, others.has_value());
  for (const auto& row : others.value_or(std::vector<result::SetOtherwise>{})) {
    if (row.name != name) continue;
    for (const int rank : expand_ranks(row.ranks)) {
      const auto at = static_cast<std::size_t>(rank);
      like_rank_0[at] = false;
      if (!row.value) continue;
      values[*row.value].resize(ranks);
      values[*row.value][at] = true;
    }
  }
  like_rank_0.at(0) = true;  // whatever is known of the others
  if (const auto at = recorded.of_rank_0.find(name); at != recorded.of_rank_0.end()) {
    auto& has = values[at->second];
    has.resize(ranks);
    for (std::size_t rank = 0; rank < ranks; ++rank) has[rank] = has[rank] || like_rank_0[rank];
  }
  return values;
}

/// Those with such a rank, in the order of the topology.
std::vector<std::string> hosts_with(const std::vector<bool>& has, const TopologyInfo& topology) {
  std::vector<std::string> hosts;
  for (const auto& host : topology.hosts) {
    const auto ranks = expand_ranks(host.ranks);
    if (std::any_of(ranks.begin(), ranks.end(),
                    [&](int rank) { return has[static_cast<std::size_t>(rank)]; }))
      hosts.push_back(host.name);
  }
  return hosts;
}

}  // namespace

std::vector<ForbiddenSetting> forbidden_settings(std::span<const std::string> names,
                                                 const ResultDocument& document) {
  std::vector<ForbiddenSetting> found;
  for (const auto& name : names) {
    std::map<std::string, ForbiddenSetting> by_value;
    for (const auto& recorded : attempts(document))
      for (const auto& [value, has] : values_of(name, recorded)) {
        const auto hosts = hosts_with(has, recorded.topology);
        if (hosts.empty()) continue;
        auto& setting = by_value[value];
        setting.hosts.insert(hosts.begin(), hosts.end());
      }
    for (auto& [value, setting] : by_value) {
      // One example is enough for the sentence.
      setting.sentence =
          fmt::format("{}={} is set on host {}", name, value, *setting.hosts.begin());
      if (setting.hosts.size() > 1)
        setting.sentence += fmt::format(" and {} more", setting.hosts.size() - 1);
      setting.sentence += ", and must not be";
      found.push_back(std::move(setting));
    }
  }
  return found;
}

bool records_every_rank(const ResultDocument& document) {
  const auto all = attempts(document);
  return std::all_of(all.begin(), all.end(), [](const Recorded& recorded) {
    return recorded.topology.set_otherwise || recorded.topology.topology().ranks() == 1;
  });
}

}  // namespace assay::contract

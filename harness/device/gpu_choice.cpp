#include "harness/device/gpu_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "harness/core/error.hpp"

namespace assay::device {
namespace {

void require_some(const std::string& host, const RankGpus& mine) {
  if (!mine.uuids.empty()) return;
  throw UsageError({fmt::format("rank {} on host {}", mine.rank, host),
                    "there is no GPU for it: " + mine.none_because,
                    "see what nvidia-smi lists there, CUDA_VISIBLE_DEVICES, and the GPUs that the "
                    "launcher grants, or measure the memory of hosts"});
}

[[noreturn]] void refuse(const std::string& host, const std::vector<RankGpus>& ranks,
                         const std::vector<int>& without) {
  std::set<std::string> gpus;
  for (const auto& rank : ranks) gpus.insert(rank.uuids.begin(), rank.uuids.end());
  throw UsageError(
      {"host " + host,
       fmt::format("{} ranks see {} GPU{} between them, none of which is left for rank{} {}",
                   ranks.size(), gpus.size(), gpus.size() == 1 ? "" : "s",
                   without.size() == 1 ? "" : "s", fmt::join(without, ", ")),
       "start one rank per GPU, or pass --share-gpu to try function, never speed"});
}

/// Within a host it is seen to already.
void check_unique(const std::vector<std::string>& hosts, const std::vector<RankGpus>& ranks,
                  const std::vector<int>& chosen) {
  std::map<std::string, std::size_t> users;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const auto& uuid = ranks[i].uuids[static_cast<std::size_t>(chosen[i])];
    const auto [user, is_first] = users.try_emplace(uuid, i);
    if (is_first) continue;
    throw UsageError({fmt::format("hosts {} and {}", hosts[user->second], hosts[i]),
                      fmt::format("ranks {} and {} would both take {}, so these hosts are one",
                                  ranks[user->second].rank, ranks[i].rank, uuid),
                      "start one rank per GPU of a machine, or pass --share-gpu to try function, "
                      "never speed"});
  }
}

}  // namespace

std::vector<int> choose_gpus(const std::string& host, const std::vector<RankGpus>& ranks,
                             GpuSharing sharing) {
  for (const auto& rank : ranks) require_some(host, rank);
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranks[a].uuids.size() < ranks[b].uuids.size();
  });
  std::map<std::string, int> users;
  std::vector<int> chosen(ranks.size()), without;
  for (const auto i : order) {
    const auto& uuids = ranks[i].uuids;
    const auto least =
        std::min_element(uuids.begin(), uuids.end(),
                         [&](const auto& a, const auto& b) { return users[a] < users[b]; });
    if (users[*least]++ > 0) without.push_back(ranks[i].rank);
    chosen[i] = static_cast<int>(least - uuids.begin());
  }
  std::sort(without.begin(), without.end());
  if (!without.empty() && sharing == GpuSharing::refused) refuse(host, ranks, without);
  return chosen;
}

std::vector<int> assign_gpus(const std::vector<std::string>& hosts,
                             const std::vector<RankGpus>& ranks, GpuSharing sharing) {
  std::map<std::string, std::vector<RankGpus>> by_host;
  for (std::size_t i = 0; i < ranks.size(); ++i) by_host[hosts[i]].push_back(ranks[i]);
  std::vector<int> chosen(ranks.size());
  for (const auto& [host, there] : by_host) {
    const auto indices = choose_gpus(host, there, sharing);
    for (std::size_t i = 0; i < there.size(); ++i)
      chosen[static_cast<std::size_t>(there[i].rank)] = indices[i];
  }
  if (sharing == GpuSharing::refused) check_unique(hosts, ranks, chosen);
  return chosen;
}

}  // namespace assay::device

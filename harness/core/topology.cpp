#include "harness/core/topology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/core/error.hpp"

namespace assay {

int Topology::ranks() const {
  std::size_t count = 0;
  for (const auto& host : hosts) count += host.ranks.size();
  return static_cast<int>(count);
}

std::size_t Topology::host_of(int rank) const {
  for (std::size_t i = 0; i < hosts.size(); ++i)
    if (std::binary_search(hosts[i].ranks.begin(), hosts[i].ranks.end(), rank)) return i;
  throw InternalError(fmt::format("rank {} is on no host of the topology", rank));
}

int Topology::local_rank(int rank) const {
  const auto& ranks = hosts[host_of(rank)].ranks;
  return static_cast<int>(std::lower_bound(ranks.begin(), ranks.end(), rank) - ranks.begin());
}

Topology detect_topology(const std::vector<std::string>& host_names) {
  Topology topology;
  std::map<std::string, std::size_t> index;
  for (std::size_t rank = 0; rank < host_names.size(); ++rank) {
    const auto [at, is_new] = index.try_emplace(host_names[rank], topology.hosts.size());
    if (is_new) topology.hosts.push_back({host_names[rank], {}});
    topology.hosts[at->second].ranks.push_back(static_cast<int>(rank));
  }
  return topology;
}

Topology stated_topology(int ranks, int ranks_per_node) {
  if (ranks_per_node < 1 || ranks % ranks_per_node != 0)
    throw UsageError({"--ranks-per-node",
                      fmt::format("{} does not divide {} ranks", ranks_per_node, ranks),
                      "give a number of ranks per node that divides the number of ranks"});
  Topology topology;
  for (int rank = 0; rank < ranks; ++rank) {
    if (rank % ranks_per_node == 0)
      topology.hosts.push_back({fmt::format("node{}", rank / ranks_per_node), {}});
    topology.hosts.back().ranks.push_back(rank);
  }
  return topology;
}

}  // namespace assay

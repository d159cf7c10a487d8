// Where the ranks of a run are: a value, detected or stated with --ranks-per-node.
#pragma once

#include <string>
#include <vector>

namespace assay {

struct Host {
  std::string name;
  std::vector<int> ranks;  ///< world ranks on this host, ascending
};

struct Topology {
  std::vector<Host> hosts;  ///< in the order of their lowest rank

  int ranks() const;
  /// Index into `hosts` of the host of `rank`; throws InternalError for a rank that is not there.
  std::size_t host_of(int rank) const;
  const std::string& host_name(int rank) const { return hosts[host_of(rank)].name; }
  /// Position of `rank` among the ranks of its host.
  int local_rank(int rank) const;
};

/// Groups `host_names[rank]` into hosts.
Topology detect_topology(const std::vector<std::string>& host_names);

/// Pretends that every `ranks_per_node` consecutive ranks are one host, named "node0", "node1", …,
/// so that `node` and `rail` can be tried on a single machine. Throws UsageError unless
/// 1 ≤ ranks_per_node and it divides `ranks`.
Topology stated_topology(int ranks, int ranks_per_node);

}  // namespace assay

// What a run ran on: hosts, their fingerprints, the binding of each rank, settings of the
// environment, and the warnings that follow.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/comm/team.hpp"
#include "harness/core/topology.hpp"
#include "harness/core/warning.hpp"
#include "harness/result/document.hpp"
#include "harness/run/rank_inventory.hpp"

namespace assay::run {

struct InventoryOptions {
  std::optional<std::int64_t> ranks_per_node = {};  ///< pretend hosts of so many ranks
  std::string mpi_library = {};                     ///< version of the communication library
  bool debug_build = false;                         ///< this build's figures mean nothing
};

struct Inventory {
  // Equal on all ranks.
  Topology topology;
  /// By world rank, as sentences name them: the real host, and behind a blank the pretended one:
  /// "n1", "n1 (node3)".
  std::vector<std::string> host_names;
  std::vector<std::string> machines;   ///< by world rank: the real hosts
  std::uint64_t rotation_bytes = 0;    ///< cold buffers rotate over this much
  bool ranks_outnumber_cores = false;  ///< on some host: see inventory_warnings()

  // This rank's own.
  int threads = 1;  ///< for local compute: its share of the cores that it is bound to

  // On rank 0, elsewhere empty.
  std::string mpi_library;
  result::TopologyInfo info;
  std::map<std::string, std::string> environment;  ///< rank 0's, see result::recorded_environment()
  std::vector<Warning> warnings;
  std::map<std::string, double> available_bytes;  ///< memory left, by name of topology.hosts
  InventoryOptions options;
  std::vector<RankInventory> ranks;  ///< by world rank
};

/// Collective over `world`; takes about a quarter of a second, in which the ranks sleep and the
/// load of others is seen. Throws UsageError when ranks_per_node does not divide the ranks.
Inventory gather_inventory(comm::Team& world, const InventoryOptions& options);

/// On rank 0: info and warnings anew, from `ranks`.
void describe(Inventory& inventory);

/// The hosts of `topology` as they stand in a document; `ranks` by world rank. Hosts with equal
/// fingerprints share one, ranks of a host with equal bindings share a row. Pure.
result::TopologyInfo topology_info(const Topology& topology, std::span<const RankInventory> ranks);

/// Threads for local compute, by world rank: ranks that are bound alike share their cores. Pure.
std::vector<int> thread_shares(std::span<const RankInventory> ranks);

/// Bytes that each rank's buffers must cover so that all ranks together go through twice the
/// last-level caches that they share: the largest over ranks. Pure.
std::uint64_t rotation_bytes(std::span<const RankInventory> ranks);

}  // namespace assay::run

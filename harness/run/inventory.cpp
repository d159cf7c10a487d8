#include "harness/run/inventory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/result/recorded_environment.hpp"
#include "harness/run/inventory_warnings.hpp"

namespace assay::run {
namespace {

/// Where hwloc knows no cache: larger than most.
constexpr std::uint64_t assumed_cache_bytes = std::uint64_t{64} << 20;

std::vector<std::string> host_names(std::span<const RankInventory> ranks) {
  std::vector<std::string> names;
  for (const auto& rank : ranks) names.push_back(rank.host);
  return names;
}

/// How many ranks of each host have the same value of `text` as a rank; by rank.
template <class Text>
std::vector<int> alike_on_host(std::span<const RankInventory> ranks, Text text) {
  std::map<std::string, int> count;
  const auto key = [&](const RankInventory& rank) { return rank.host + '\n' + text(rank); };
  for (const auto& rank : ranks) ++count[key(rank)];
  std::vector<int> alike;
  for (const auto& rank : ranks) alike.push_back(count[key(rank)]);
  return alike;
}

std::vector<result::Binding> bindings(const Host& host, std::span<const RankInventory> ranks) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<int>> bound;
  for (const int rank : host.ranks) {
    const auto& cpus = ranks[static_cast<std::size_t>(rank)].cpus;
    auto& members = bound[cpus];
    if (members.empty()) order.push_back(cpus);
    members.push_back(rank);
  }
  std::vector<result::Binding> rows;
  rows.reserve(order.size());
  for (const auto& cpus : order) rows.push_back({compress_ranks(bound[cpus]), cpus});
  return rows;
}

/// Where `ranks` have settings that the first of them has not, or has otherwise.
std::vector<result::SetOtherwise> set_otherwise(std::span<const RankInventory> ranks) {
  if (ranks.empty()) return {};
  const auto& first = ranks.front().environment;
  using Row = std::pair<std::string, std::optional<std::string>>;
  std::map<Row, std::vector<int>> others;
  for (std::size_t rank = 1; rank < ranks.size(); ++rank) {
    const auto& mine = ranks[rank].environment;
    const auto index = static_cast<int>(rank);
    for (const auto& [name, value] : mine)
      if (const auto at = first.find(name); at == first.end() || at->second != value)
        others[{name, value}].push_back(index);
    for (const auto& [name, value] : first)
      if (!mine.contains(name)) others[{name, std::nullopt}].push_back(index);
  }
  std::vector<result::SetOtherwise> rows;
  for (const auto& [row, members] : others)
    rows.push_back({row.first, row.second, compress_ranks(members)});
  return rows;
}

/// Memory left per host of `topology`: a pretended host gets its ranks' share of the real one.
std::map<std::string, double> available_bytes(const Topology& topology,
                                              std::span<const RankInventory> ranks) {
  const auto on_real_host = alike_on_host(ranks, [](const RankInventory&) { return ""; });
  std::map<std::string, double> available;
  for (const auto& host : topology.hosts) {
    double least = std::numeric_limits<double>::infinity();
    for (const int rank : host.ranks) {
      const auto at = static_cast<std::size_t>(rank);
      if (ranks[at].available_bytes == 0) continue;
      const double share =
          static_cast<double>(host.ranks.size()) / static_cast<double>(on_real_host[at]);
      least = std::min(least, static_cast<double>(ranks[at].available_bytes) * share);
    }
    if (least < std::numeric_limits<double>::infinity()) available[host.name] = least;
  }
  return available;
}

/// What rank 0 works out for everyone.
std::string to_text(const Inventory& inventory, const std::vector<int>& threads) {
  nlohmann::json json;
  json["host_names"] = inventory.host_names;
  json["rotation_bytes"] = inventory.rotation_bytes;
  json["ranks_outnumber_cores"] = inventory.ranks_outnumber_cores;
  json["threads"] = threads;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

result::TopologyInfo topology_info(const Topology& topology, std::span<const RankInventory> ranks) {
  result::TopologyInfo info;
  for (const auto& host : topology.hosts) {
    const auto& print = ranks[static_cast<std::size_t>(host.ranks.front())].fingerprint;
    const auto known = std::ranges::find(info.fingerprints, print);
    const auto index = static_cast<std::size_t>(known - info.fingerprints.begin());
    if (known == info.fingerprints.end()) info.fingerprints.push_back(print);
    result::HostInfo row;
    row.name = host.name;
    row.ranks = compress_ranks(host.ranks);
    row.fingerprint = index;
    row.bindings = bindings(host, ranks);
    info.hosts.push_back(std::move(row));
  }
  info.set_otherwise = set_otherwise(ranks);
  return info;
}

std::vector<int> thread_shares(std::span<const RankInventory> ranks) {
  const auto sharers = alike_on_host(ranks, [](const RankInventory& r) { return r.cpus; });
  std::vector<int> threads;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    threads.push_back(std::max(1, static_cast<int>(ranks[i].bound_cores.size()) / sharers[i]));
  return threads;
}

std::uint64_t rotation_bytes(std::span<const RankInventory> ranks) {
  const auto sharers = alike_on_host(ranks, [](const RankInventory& r) { return r.cache_cpus; });
  std::uint64_t most = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    const auto bytes = ranks[i].cache_bytes > 0 ? ranks[i].cache_bytes : assumed_cache_bytes;
    most = std::max(most, 2 * bytes / static_cast<std::uint64_t>(sharers[i]));
  }
  return most;
}

void describe(Inventory& inventory) {
  inventory.info = topology_info(inventory.topology, inventory.ranks);
  inventory.info.stated = inventory.options.ranks_per_node.has_value();
  inventory.warnings = inventory_warnings(inventory.ranks, inventory.options);
}

Inventory gather_inventory(comm::Team& world, const InventoryOptions& options) {
  world.barrier();  // nobody spins while others look for foreign load
  const auto mine = run::to_text(take_inventory(options.mpi_library));
  std::vector<RankInventory> ranks;
  for (const auto& text : comm::gather_text(world, mine))
    ranks.push_back(rank_inventory_from_text(text));

  Inventory inventory;
  std::vector<int> threads;
  if (world.rank() == 0) {
    inventory.host_names = host_names(ranks);
    inventory.rotation_bytes = rotation_bytes(ranks);
    inventory.ranks_outnumber_cores = ranks_outnumber_cores(ranks);
    threads = thread_shares(ranks);
  }
  const auto shared =
      nlohmann::json::parse(comm::broadcast_text(world, to_text(inventory, threads)));
  shared.at("host_names").get_to(inventory.host_names);
  shared.at("rotation_bytes").get_to(inventory.rotation_bytes);
  shared.at("ranks_outnumber_cores").get_to(inventory.ranks_outnumber_cores);
  shared.at("threads").at(static_cast<std::size_t>(world.rank())).get_to(inventory.threads);
  inventory.machines = inventory.host_names;
  inventory.topology =
      options.ranks_per_node
          ? stated_topology(world.size(), static_cast<int>(*options.ranks_per_node))
          : detect_topology(inventory.host_names);
  if (options.ranks_per_node)
    for (int rank = 0; rank < world.size(); ++rank)
      inventory.host_names[static_cast<std::size_t>(rank)] +=
          fmt::format(" ({})", inventory.topology.host_name(rank));
  if (world.rank() == 0) {
    inventory.mpi_library = options.mpi_library;
    inventory.environment = result::recorded_environment(environ);
    inventory.available_bytes = available_bytes(inventory.topology, ranks);
    inventory.options = options;
    inventory.ranks = std::move(ranks);
    describe(inventory);
  }
  return inventory;
}

}  // namespace assay::run

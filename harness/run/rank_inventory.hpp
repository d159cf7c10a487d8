// What one rank sees of the machine that it runs on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::run {

struct RankInventory {
  std::string host;  ///< short name
  /// What should be alike on all hosts: cpu, cores, pus, sockets, numa, l3, memory, kernel,
  /// governor, huge_pages, quota, instruction_set, mpi.
  std::map<std::string, std::string> fingerprint;
  int host_cores = 1;             ///< that this process could be given
  std::string cpus;               ///< processing units that it is bound to, "0-3,8"
  std::vector<int> bound_cores;   ///< the cores these belong to, by logical index, ascending
  double cpu_quota = 0;           ///< CPUs that its control group grants; 0 = no limit
  std::string cache_cpus;         ///< processing units that share the last-level caches it can use
  std::uint64_t cache_bytes = 0;  ///< of those caches together
  std::uint64_t available_bytes = 0;  ///< memory left; 0 = unknown
  /// What of its environment is recorded of every rank.
  std::map<std::string, std::string> environment = {};
  double other_cpus = 0;  ///< CPUs that something else kept busy; measured by take_inventory

  friend bool operator==(const RankInventory&, const RankInventory&) = default;
};

/// Local. Sleeps for `window_s` to see what else runs on this host, so all ranks of a host must
/// call it at the same time. Throws RunError when the hardware cannot be read.
RankInventory take_inventory(std::string_view mpi_library, double window_s = 0.25);

/// One line of JSON and back.
std::string to_text(const RankInventory& inventory);
RankInventory rank_inventory_from_text(std::string_view text);

/// CPUs granted by the control groups (v1 or v2) that this process is in, the tightest one; nullopt
/// for no limit. `root` is for tests. Local.
std::optional<double> cpu_quota(const std::filesystem::path& root = "/");

/// Time that all CPUs together spent, in ticks, from the first line of /proc/stat. Time stolen by
/// a hypervisor counts as busy.
struct CpuTicks {
  std::uint64_t busy = 0, idle = 0;
};
CpuTicks parse_cpu_ticks(std::string_view proc_stat);

/// Settings that are common to all CPUs of `root`: "performance", or "performance,powersave" where
/// they differ; "none" without frequency scaling. Local.
std::string cpu_governor(const std::filesystem::path& root = "/");

}  // namespace assay::run

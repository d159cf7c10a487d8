// The hardware as hwloc shows it: owner of its topology, and the questions that assay asks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct hwloc_topology;
struct hwloc_bitmap_s;

namespace assay::run {

/// All functions are local.
class HwlocMachine {
 public:
  /// Reads the hardware. Throws RunError.
  HwlocMachine();

  std::string cpu_model() const;
  int sockets() const;
  int numa_nodes() const;
  int cores() const;             ///< that this process could be given (its cpuset)
  int processing_units() const;  ///< likewise

  /// Of this process: processing units, "0-3", and the cores these belong to, by logical index.
  struct Bound {
    std::string cpus;
    std::vector<int> cores;
  };
  Bound bound() const;

  /// The last-level caches next to what this process is bound to. Zero bytes where none is known.
  struct LastLevelCache {
    std::uint64_t bytes_each = 0;  ///< the largest of this machine
    std::uint64_t bytes = 0;       ///< together
    std::string cpus;              ///< processing units that share them
  };
  LastLevelCache last_level_cache() const;

 private:
  struct DestroyTopology {
    void operator()(hwloc_topology* topology) const noexcept;
  };
  struct FreeBitmap {
    void operator()(hwloc_bitmap_s* bitmap) const noexcept;
  };
  using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

  static Bitmap empty_bitmap();
  static std::string list(const hwloc_bitmap_s* bitmap);
  Bitmap binding() const;

  std::unique_ptr<hwloc_topology, DestroyTopology> topology_;
};

}  // namespace assay::run

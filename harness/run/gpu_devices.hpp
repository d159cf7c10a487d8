// The GPUs of a run in its inventory.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/device/gpu_inventory.hpp"
#include "harness/run/inventory.hpp"

namespace assay::run {

/// The GPU of one rank.
struct RankGpu {
  device::GpuInventory inventory = {};
  std::string bus_id = {};
  std::string nvml_missing = {};  ///< why its driver tells nothing of it; empty: it does
};
std::string to_text(const RankGpu& gpu);
/// Throws std::exception for other text.
RankGpu rank_gpu_from_text(std::string_view text);

/// What should be alike on GPUs that are to do the same, by key of a fingerprint: gpu, gpu_driver,
/// gpu_vbios, gpu_pcie, gpu_nvlinks, gpu_clocks, gpu_power_limit, gpu_ecc. Pure.
std::map<std::string, std::string> gpu_fingerprint(const RankGpu& gpu);

/// On rank 0: adds them, by world rank, as devices, to the fingerprints of their hosts, and the
/// warnings that follow: gpus_differ within a host, fingerprint_differs between hosts.
void add_gpus(Inventory& inventory, std::span<const RankGpu> gpus);

}  // namespace assay::run

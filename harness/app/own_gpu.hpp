// The GPU that this rank measures on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/comm/backend.hpp"
#include "harness/comm/team.hpp"
#include "harness/device/gpu_choice.hpp"
#include "harness/device/gpus.hpp"
#include "harness/device/nvml.hpp"
#include "harness/plan/plan.hpp"
#include "harness/run/gpu_readings.hpp"
#include "harness/run/inventory.hpp"

namespace assay::app {

/// Who wants GPUs, and how. Equal on all ranks.
struct GpuWish {
  const plan::Plan& plan;
  std::span<const comm::Backend> backends;
  const std::vector<std::string>& machines;  ///< by world rank, as in run::Inventory
  device::GpuSharing sharing = device::GpuSharing::refused;
};

struct OwnGpu {
  std::unique_ptr<device::Device> device = nullptr;  ///< null: this run has none, on no rank
  device::Gpu gpu = {};
  /// Why there is none though cases that are optional ask for one. Equal on all ranks.
  std::string none_because = {};
  std::uint64_t rotation_bytes = 0;  ///< as run::RunSettings has it; equal on all ranks
  std::shared_ptr<const device::Nvml> nvml = nullptr;  ///< where there is a device

  /// What the GPU's counters say now. Local.
  run::ReadCounters counters() const;
};

/// Collective over `world`. Opens a GPU on every rank if a case of the plan needs one. Throws
/// UsageError on rank 0 and Quiet elsewhere where there are too few; RunError, on the rank that has
/// it, where a GPU cannot be opened.
OwnGpu open_gpu(comm::Team& world, const device::Gpus& gpus, const GpuWish& wish);

/// Collective over `world`, where there are GPUs. Adds them to the inventory on rank 0.
void note_gpus(comm::Team& world, const OwnGpu& own, run::Inventory& inventory);

}  // namespace assay::app

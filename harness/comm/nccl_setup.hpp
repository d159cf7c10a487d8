// Making communicators and registering memory with NCCL, once or for measuring what it takes.
#pragma once

#include <memory>

#include "harness/comm/nccl_launch.hpp"
#include "harness/comm/setup.hpp"

namespace assay::comm::nccl {

/// Blocking: a communicator that is not makes a thread for every collective, which is measured.
ncclConfig_t blocking_config();

/// Collective over `team`: under what name its ranks will find each other. Throws RunError.
ncclUniqueId agree_on_id(Team& team, const device::Gpu& gpu);

/// init or split. `from` outlives it.
std::unique_ptr<Setup> make_setup(const CommView& from, Making making);
/// Of `bytes`, registered or symmetric. `with` outlives it.
std::unique_ptr<Setup> make_registering(const CommView& with, BufferKind kind, std::size_t bytes);

}  // namespace assay::comm::nccl

// What NCCL chooses for a call, as it tells its profiler: algorithm, protocol, network. assay is
// NCCL's profiler unless the user has named one (NCCL_PROFILER_PLUGIN), and asks for nothing but
// while it watches a launch that is not timed.
#pragma once

#include <map>
#include <string>

#include "harness/comm/team.hpp"
#include "harness/core/buffer_kind.hpp"

namespace assay::comm::nccl {

/// Before the process's first communicator.
void offer_profiler();

/// Local. From now on what NCCL tells is kept.
void watch_choices();

/// Collective over `team`, after the launch on buffers of that kind is complete on this rank. Ends
/// the watch; as notes of a case, on rank 0: `nccl_algorithm`,
/// `nccl_protocol`, `nccl_channels`, `nccl_transport`, of all ranks. Absent is what NCCL does not
/// tell. It tells sockets from InfiniBand only if it was built with NET_PROFILER=1; else the
/// transport is "network", or "no network" where none was sent to.
std::map<std::string, std::string> choices(Team& team, BufferKind buffers);

}  // namespace assay::comm::nccl

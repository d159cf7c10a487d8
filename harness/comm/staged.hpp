// Data of a GPU for a library that is called by the host: through pinned memory there and back, or,
// where the library takes pointers of the GPU itself, only in order with what else the GPU does.
// All of it is done when a call returns.
#pragma once

#include <memory>
#include <vector>

#include "harness/comm/communicator.hpp"

namespace assay::comm {

/// Whose part of a collective it is.
struct Member {
  int rank = 0, size = 1;
};

// All local; `gpu` outlives what is returned. The first two throw RunError (pinned memory), of
// which they take as much as the larger buffers of `call`, or as all of `transfers`.

/// Copies to the host what `call` reads, has `launch` do it there, and copies back what it writes:
/// whole, one after the other. `call` is what `launch` was resolved from.
std::unique_ptr<Launch> staged(std::unique_ptr<Launch> launch, const CollectiveCall& call,
                               Member member, device::Device& gpu);
/// Each message likewise. `messages` are what `transfers` was resolved from.
std::unique_ptr<Transfers> staged(std::unique_ptr<Transfers> transfers,
                                  const std::vector<Transfer>& messages, device::Device& gpu);

/// Waits for what the GPU was given before, and for what the launch itself gives it.
std::unique_ptr<Launch> in_order(std::unique_ptr<Launch> launch, device::Device& gpu);
std::unique_ptr<Transfers> in_order(std::unique_ptr<Transfers> transfers, device::Device& gpu);

}  // namespace assay::comm

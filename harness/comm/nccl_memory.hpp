// Buffers that NCCL knows before they are used.
#pragma once

#include "harness/comm/nccl_launch.hpp"

namespace assay::comm::nccl {

/// NCCL's versions as NCCL_VERSION_CODE has them: whose header assay was built with, and which
/// library is loaded.
struct Versions {
  int built = 0, loaded = 0;
};
Versions versions();

/// Why there are no buffers of this kind; empty: there are. Pure.
std::string buffers_refusal(BufferKind kind, Versions versions);

/// See Communicator::allocate. The memory keeps the communicator until it has left it.
device::Buffer allocate(const CommView& view, BufferKind kind, std::size_t bytes);

}  // namespace assay::comm::nccl

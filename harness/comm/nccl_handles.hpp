// One move-only owner per kind of NCCL handle, and the check of every return code.
#pragma once

#include <nccl.h>

#include <source_location>
#include <string>

#include "harness/core/first_failure.hpp"
#include "harness/core/owner.hpp"
#include "harness/device/cuda_handles.hpp"

namespace assay::comm::nccl {

/// "NCCL 2.28.9", of the library that is loaded.
std::string library_version();

/// Throws RunError naming rank, GPU, call, call site, NCCL's texts and what to do unless `code` is
/// success.
void check(const device::Gpu& gpu, ncclResult_t code, const char* call,
           std::source_location at = std::source_location::current());

/// Throws RunError if the communicator has broken since, as when another rank failed. Local, does
/// not wait.
void check_state(const device::Gpu& gpu, ncclComm_t comm);

using NcclFailure = FirstFailure<ncclResult_t, ncclSuccess>;

inline ncclComm_t no_comm() noexcept { return nullptr; }
/// One that has broken is aborted: to destroy it would wait for the others. One that an exception
/// leaves stays live: the run ends, and what failed here must be told before others see its abort.
void end(ncclComm_t comm) noexcept;
using Comm = Owner<ncclComm_t, no_comm, end>;

}  // namespace assay::comm::nccl

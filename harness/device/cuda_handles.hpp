// One move-only owner per kind of CUDA handle, and the check of every return code.
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>

#include "harness/core/first_failure.hpp"
#include "harness/core/owner.hpp"
#include "harness/device/gpus.hpp"

namespace assay::device::cuda {

/// Throws RunError naming rank, GPU, call, call site and CUDA's text unless `code` is success. A
/// failed kernel or copy shows at whatever call comes next: the sentence says so.
void check(const Gpu& gpu, cudaError_t code, const char* call,
           std::source_location at = std::source_location::current());

using CudaFailure = FirstFailure<cudaError_t, cudaSuccess>;

template <class Handle>
Handle null() noexcept {
  return nullptr;
}
/// The code is that of earlier work, which whoever waits is told.
template <class Handle, auto destroy>
void drop(Handle handle) noexcept {
  destroy(handle);
}
template <class Handle, auto destroy>
using Handled = Owner<Handle, null<Handle>, drop<Handle, destroy>>;

using Stream = Handled<cudaStream_t, cudaStreamDestroy>;
using Event = Handled<cudaEvent_t, cudaEventDestroy>;
using Graph = Handled<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Handled<cudaGraphExec_t, cudaGraphExecDestroy>;
using HostMemory = Handled<void*, cudaFreeHost>;

// All on the current GPU of the calling thread; they throw as check() does.

/// Independent of the default stream.
Stream make_stream(const Gpu& gpu);
/// With timing.
Event make_event(const Gpu& gpu);
/// Without: only to be waited for.
Event make_place(const Gpu& gpu);
/// From `start` to `stop`; both have happened.
double seconds_between(const Gpu& gpu, const Event& start, const Event& stop);
/// Begins to record what is enqueued on `stream` instead of running it.
void begin_capture(const Gpu& gpu, cudaStream_t stream);
/// Ends it: what was recorded, ready for cudaGraphLaunch.
GraphExec end_capture(const Gpu& gpu, cudaStream_t stream);
/// Zeroed, pinned, at the same address for the GPU.
HostMemory make_host_memory(const Gpu& gpu, std::size_t bytes);

}  // namespace assay::device::cuda

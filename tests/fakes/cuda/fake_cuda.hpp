// A double of the CUDA runtime, of as much as assay calls: GPUs made of host memory. It replaces
// the library and the kernels at link time under the same object files, and is never part of the
// program.
//
// GPU memory lies at addresses that the process itself may not touch: whoever reads a device
// pointer on the host crashes here as on a real machine. Every stream does its work on a thread of
// its own, in order and whatever the host does meanwhile, and tells what went wrong when somebody
// waits for it.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <string>

namespace assay::fakes::cuda {

/// Something that goes wrong. As text, for programs, in ASSAY_FAKE_CUDA, several separated by
/// commas: "cudaMalloc:error=2:after=3,fill:late=700:gpu=1,verify:delay=0.1,copy:corrupt".
struct Trouble {
  std::string call;  ///< "cudaMalloc", "cudaMemcpyAsync", a kernel: "fill", "verify", "reduce" …
  int gpu = -1;      ///< only while this one is current; −1: any
  std::size_t least = 0;            ///< only what writes so many bytes, where that is enqueued
  int after = 0;                    ///< calls that go well before
  cudaError_t error = cudaSuccess;  ///< returned by the call, which does nothing
  cudaError_t late = cudaSuccess;  ///< the call returns success, the next that waits fails, and all
                                   ///< after it: as when a kernel crashes
  double delay_s = 0;              ///< before the call's work, on the stream where it is enqueued
  bool corrupt = false;            ///< one bit of what the call writes flips
};

/// Forgets all trouble, gives every GPU its memory back, and reads the environment anew: for a
/// fresh start of each test. Handles of before are invalid.
void reset();
void plan(const Trouble& trouble);
/// GPUs that cudaGetDeviceCount shows; from ASSAY_FAKE_GPUS after reset().
void show_gpus(int count);
/// Bytes of each GPU; 4 GiB after reset().
void give_memory(std::size_t bytes);

struct Leaks {
  std::size_t allocations = 0, streams = 0, events = 0, graphs = 0;
  std::size_t products = 0;  ///< what cuBLASLt makes
  friend bool operator==(const Leaks&, const Leaks&) = default;
};
/// What has been made and not been freed.
Leaks leaks();

// ---- for the doubles of what is built on the runtime
// ----------------------------------------------

/// Where `bytes` at `p` can be touched: p itself for memory of the host; null for GPU memory that
/// was not allocated, or not so much of it.
void* reach(const void* p, std::size_t bytes);

/// Runs `work` in the order of `stream`, or keeps it for a graph that is being captured, with the
/// trouble planned for `call`; `written` is what it writes. Returns what the call returns.
cudaError_t enqueue(const char* call, cudaStream_t stream, std::function<void()> work,
                    void* written = nullptr, std::size_t bytes = 0);

}  // namespace assay::fakes::cuda

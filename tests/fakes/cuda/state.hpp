// What the double of the CUDA runtime remembers.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "tests/fakes/cuda/fake_cuda.hpp"

using Work = std::function<void()>;

// The runtime's opaque types.
struct CUstream_st {
  std::optional<std::vector<Work>> captured;  ///< while a graph is recorded
};
struct CUevent_st {
  std::chrono::steady_clock::time_point at;
};
struct CUgraph_st {
  std::vector<Work> work;
};
struct CUgraphExec_st {
  std::vector<Work> work;
};

namespace assay::fakes::cuda {

/// The same pages twice: where the GPU has them, and where the double can touch them.
struct Allocation {
  std::size_t bytes = 0;   ///< as asked for
  std::size_t mapped = 0;  ///< whole pages
  std::byte* reachable = nullptr;
  int gpu = 0;
};

struct State {
  std::mutex mutex;
  int gpus = 0;
  std::size_t memory = 0;
  std::vector<Trouble> troubles;
  std::map<std::string, int> calls;
  cudaError_t late = cudaSuccess;    ///< happened, not yet told
  cudaError_t broken = cudaSuccess;  ///< told: every call fails from now on
  cudaError_t last = cudaSuccess;    ///< for cudaGetLastError
  std::map<std::uintptr_t, Allocation> allocations;
  Leaks made;  ///< but for allocations
};
State& state();

/// This thread's GPU.
int& current_gpu();

/// What happens at a call: the trouble that strikes now, after its delay, and whether the call may
/// go on (cudaSuccess) or what it returns.
struct Entry {
  cudaError_t error = cudaSuccess;
  Trouble trouble;
};
Entry enter(const char* call);

/// Remembers `code` for cudaGetLastError, and returns it.
cudaError_t told(cudaError_t code);

}  // namespace assay::fakes::cuda

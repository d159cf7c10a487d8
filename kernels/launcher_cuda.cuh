// Runs a body of grid.hpp in every thread of a grid.
#pragma once

#include <cuda_runtime.h>

#include "kernels/grid_dispatch.hpp"
#include "kernels/kernels_cuda.hpp"

namespace assay::kernels::cuda {
namespace {

constexpr unsigned block_threads = 256;
/// 2,048 threads: what a multiprocessor of any architecture since A100 holds.
constexpr unsigned blocks_per_multiprocessor = 8;

__device__ inline Place this_thread() {
  return {std::size_t{blockIdx.x} * blockDim.x + threadIdx.x, std::size_t{gridDim.x} * blockDim.x};
}

template <class Body>
__global__ void __launch_bounds__(block_threads, blocks_per_multiprocessor) run_body(Body body) {
  body(this_thread());
}

/// Sixteen entries of any width never meet in a bank of shared memory but at the same word.
template <class T>
__device__ inline void share_table(T* shared, const Table<T>& table) {
  if (threadIdx.x < pattern_entries) shared[threadIdx.x] = table.entry[threadIdx.x];
  __syncthreads();
}

template <class T>
__global__ void __launch_bounds__(block_threads, blocks_per_multiprocessor)
    run_fill(Fill<T> body, const __grid_constant__ Table<T> table) {
  __shared__ T shared[pattern_entries];
  share_table(shared, table);
  body(this_thread(), shared);
}

/// Only threads that found something have anything to add.
template <class T>
__global__ void __launch_bounds__(block_threads, blocks_per_multiprocessor)
    run_verify(Verify<T> body, const __grid_constant__ Table<T> table, Findings* findings) {
  __shared__ T shared[pattern_entries];
  share_table(shared, table);
  const Findings found = body(this_thread(), shared);
  if (found.wrong == 0) return;
  atomicAdd(&findings->wrong, found.wrong);
  atomicMax(&findings->left, found.left);
}

/// One addition for each warp. Order does not matter to an exclusive or.
__global__ void __launch_bounds__(block_threads, blocks_per_multiprocessor)
    run_fold(Fold body, unsigned long long* bits) {
  unsigned long long mine = body(this_thread());
  for (unsigned lanes = 16; lanes > 0; lanes /= 2)
    mine ^= __shfl_xor_sync(0xffffffffu, mine, static_cast<int>(lanes));
  if (threadIdx.x % 32 == 0) atomicXor(bits, mine);
}

class Launcher {
 public:
  explicit Launcher(const Queue& queue, Findings* findings = nullptr)
      : queue_(queue), findings_(findings) {}

  template <class Body>
  cudaError_t run(const Body& body, std::size_t units) {
    if (units == 0) return cudaSuccess;
    run_body<<<blocks(units), block_threads, 0, queue_.stream>>>(body);
    return cudaGetLastError();
  }
  template <class T>
  cudaError_t run_fill(const Fill<T>& body, const Table<T>& table, std::size_t units) {
    if (units == 0) return cudaSuccess;
    cuda::run_fill<<<blocks(units), block_threads, 0, queue_.stream>>>(body, table);
    return cudaGetLastError();
  }
  template <class T>
  cudaError_t run_verify(const Verify<T>& body, const Table<T>& table, std::size_t units) {
    if (units == 0) return cudaSuccess;
    cuda::run_verify<<<blocks(units), block_threads, 0, queue_.stream>>>(body, table, findings_);
    return cudaGetLastError();
  }
  cudaError_t run_fold(const Fold& body, std::uint64_t* bits, std::size_t units) {
    if (units == 0) return cudaSuccess;
    cuda::run_fold<<<blocks(units), block_threads, 0, queue_.stream>>>(
        body, reinterpret_cast<unsigned long long*>(bits));
    return cudaGetLastError();
  }

 private:
  unsigned blocks(std::size_t units) const {
    const std::size_t wanted = (units + block_threads - 1) / block_threads;
    const std::size_t held =
        static_cast<std::size_t>(queue_.multiprocessors) * blocks_per_multiprocessor;
    return static_cast<unsigned>(wanted < held ? wanted : held);
  }

  Queue queue_;
  Findings* findings_;
};

}  // namespace
}  // namespace assay::kernels::cuda

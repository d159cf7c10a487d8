// A kernel that holds back what stands behind it in the queue.
#include <cuda_runtime.h>

#include "kernels/kernels_cuda.hpp"

namespace assay::kernels::cuda {
namespace {

__device__ inline unsigned long long now_ns() {
  unsigned long long ns = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(ns));
  return ns;
}

/// One thread: the rest of the GPU is idle meanwhile, as it would be between launches.
__global__ void wait_until(Gate* gate, unsigned number, unsigned long long limit_ns) {
  const volatile unsigned* opened = &gate->opened;
  const auto begin = now_ns();
  while (*opened < number) {
    if (now_ns() - begin < limit_ns) continue;
    *static_cast<volatile unsigned*>(&gate->expired) = gate->expired + 1;
    return;
  }
}

__global__ void nothing() {}

}  // namespace

cudaError_t launch_nothing(const Queue& queue) {
  nothing<<<1, 1, 0, queue.stream>>>();
  return cudaGetLastError();
}

cudaError_t wait_for_gate(const Queue& queue, Gate* gate, unsigned number, double limit_s) {
  wait_until<<<1, 1, 0, queue.stream>>>(gate, number,
                                        static_cast<unsigned long long>(limit_s * 1e9));
  return cudaGetLastError();
}

}  // namespace assay::kernels::cuda

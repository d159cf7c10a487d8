// The kernels of kernels.hpp on a GPU. Each call enqueues its work on a stream of the current GPU
// and returns at once; pointers are to memory that the GPU reaches, aligned to their elements. The
// code of the last launch is returned, which may be that of earlier work. Bits are those of the
// host.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/findings.hpp"
#include "kernels/kernels.hpp"

namespace assay::kernels::cuda {

/// Where work goes.
struct Queue {
  cudaStream_t stream = nullptr;
  int multiprocessors = 1;  ///< of the GPU: as many threads are started as it holds at once
};

cudaError_t fill(const Queue& queue, void* out, const Pattern& pattern, const Slice& slice);
/// Adds to `findings`, which lie in the GPU's memory and are zero before.
cudaError_t verify(const Queue& queue, const void* data, const Pattern& pattern, const Slice& slice,
                   Findings* findings);
cudaError_t reduce(const Queue& queue, void* acc, const void* in, std::size_t count, DataType type,
                   ReduceOp op);
cudaError_t divide(const Queue& queue, void* data, std::size_t count, DataType type, int divisor);
/// Arrays of copy(), triad(), write() and fold() are aligned to 16 bytes.
cudaError_t copy(const Queue& queue, double* b, const double* a, std::size_t count);
cudaError_t triad(const Queue& queue, double* a, const double* b, const double* c, double s,
                  std::size_t count);
cudaError_t write(const Queue& queue, double* a, double value, std::size_t count);
/// Of 8 bytes each; `bits` are the GPU's.
cudaError_t fold(const Queue& queue, std::uint64_t* bits, const void* a, std::size_t count);
/// Not the host's bits: exponentials are the GPU's, and sums have another order.
cudaError_t softmax(const Queue& queue, void* data, const Rows& rows, DataType type);
cudaError_t softmax_gradient(const Queue& queue, const void* data, void* gradient, const Rows& rows,
                             DataType type);
/// A kernel of one thread that does nothing.
cudaError_t launch_nothing(const Queue& queue);

/// In memory of the host that the GPU reaches, too.
struct Gate {
  unsigned opened = 0;   ///< written by the host: the last gate that is open
  unsigned expired = 0;  ///< written by the GPU: gates that opened by themselves
};
/// What is enqueued behind it waits until `opened` is `number` or more, or `limit_s` are over.
cudaError_t wait_for_gate(const Queue& queue, Gate* gate, unsigned number, double limit_s);

}  // namespace assay::kernels::cuda

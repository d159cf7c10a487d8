// Softmax on a GPU: a row is read up to three times, and should come from memory once. So as many
// rows are worked on at a time as caches hold: a warp has a short row, a block a long one.
#include "kernels/launcher_cuda.cuh"
#include "kernels/softmax.hpp"

namespace assay::kernels::cuda {
namespace {

constexpr unsigned warp_threads = 32;
/// 64 warps of a multiprocessor: 128 KiB, which its first cache has since A100.
constexpr std::size_t short_row_bytes = 2048;

struct Warp {
  Place place;

  template <class Op, class Value>
  __device__ Value all(Value value) const {
    for (unsigned lanes = warp_threads / 2; lanes > 0; lanes /= 2)
      value = Op::apply(value, __shfl_xor_sync(0xffffffffu, value, static_cast<int>(lanes)));
    return value;
  }
};

struct Block {
  Place place;
  double* shared;  ///< of each warp

  template <class Op, class Value>
  __device__ Value all(Value value) const {
    constexpr unsigned warps = block_threads / warp_threads;
    auto* of_warps = reinterpret_cast<Value*>(shared);
    value = Warp{}.template all<Op>(value);
    __syncthreads();  // nobody reads what was gathered before
    if (threadIdx.x % warp_threads == 0) of_warps[threadIdx.x / warp_threads] = value;
    __syncthreads();
    value = of_warps[0];
    for (unsigned i = 1; i < warps; ++i) value = Op::apply(value, of_warps[i]);
    return value;
  }
};

template <class Body>
__global__ void __launch_bounds__(block_threads) run_by_warps(Body body, std::size_t rows) {
  const Place me = this_thread();
  const Warp team{{me.thread % warp_threads, warp_threads}};
  for (std::size_t row = me.thread / warp_threads; row < rows; row += me.threads / warp_threads)
    body(team, row);
}

template <class Body>
__global__ void __launch_bounds__(block_threads) run_by_blocks(Body body, std::size_t rows) {
  __shared__ double shared[block_threads / warp_threads];
  const Block team{{threadIdx.x, block_threads}, shared};
  for (std::size_t row = blockIdx.x; row < rows; row += gridDim.x) body(team, row);
}

struct RowsLauncher {
  Queue queue;

  template <class Body>
  cudaError_t run_rows(const Body& body, const Rows& rows) const {
    if (rows.count == 0 || rows.width == 0) return cudaSuccess;
    constexpr std::size_t warps = block_threads / warp_threads;
    if (rows.width * sizeof(typename Body::T) <= short_row_bytes)
      run_by_warps<<<blocks((rows.count + warps - 1) / warps), block_threads, 0, queue.stream>>>(
          body, rows.count);
    else
      run_by_blocks<<<blocks(rows.count), block_threads, 0, queue.stream>>>(body, rows.count);
    return cudaGetLastError();
  }
  unsigned blocks(std::size_t wanted) const {
    const std::size_t held =
        static_cast<std::size_t>(queue.multiprocessors) * blocks_per_multiprocessor;
    return static_cast<unsigned>(wanted < held ? wanted : held);
  }
};

}  // namespace

cudaError_t softmax(const Queue& queue, void* data, const Rows& rows, DataType type) {
  const RowsLauncher launcher{queue};
  return softmax_with(launcher, data, rows, type);
}

cudaError_t softmax_gradient(const Queue& queue, const void* data, void* gradient, const Rows& rows,
                             DataType type) {
  const RowsLauncher launcher{queue};
  return softmax_gradient_with(launcher, data, gradient, rows, type);
}

}  // namespace assay::kernels::cuda

// Reductions on a GPU.
#include "kernels/launcher_cuda.cuh"

namespace assay::kernels::cuda {

cudaError_t reduce(const Queue& queue, void* acc, const void* in, std::size_t count, DataType type,
                   ReduceOp op) {
  Launcher launcher(queue);
  return reduce_with(launcher, acc, in, count, type, op);
}

cudaError_t divide(const Queue& queue, void* data, std::size_t count, DataType type, int divisor) {
  Launcher launcher(queue);
  return divide_with(launcher, data, count, type, divisor);
}

}  // namespace assay::kernels::cuda

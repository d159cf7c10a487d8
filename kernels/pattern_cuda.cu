// Patterns and plain memory on a GPU.
#include "kernels/launcher_cuda.cuh"

namespace assay::kernels::cuda {

cudaError_t fill(const Queue& queue, void* out, const Pattern& pattern, const Slice& slice) {
  Launcher launcher(queue);
  return fill_with(launcher, out, pattern, slice);
}

cudaError_t verify(const Queue& queue, const void* data, const Pattern& pattern, const Slice& slice,
                   Findings* findings) {
  Launcher launcher(queue, findings);
  return verify_with(launcher, data, pattern, slice);
}

cudaError_t copy(const Queue& queue, double* b, const double* a, std::size_t count) {
  const Copy body{b, a, count};
  return Launcher(queue).run(body, body.split().units());
}

cudaError_t triad(const Queue& queue, double* a, const double* b, const double* c, double s,
                  std::size_t count) {
  const Triad body{a, b, c, s, count};
  return Launcher(queue).run(body, body.split().units());
}

cudaError_t write(const Queue& queue, double* a, double value, std::size_t count) {
  const Write body{a, value, count};
  return Launcher(queue).run(body, body.split().units());
}

cudaError_t fold(const Queue& queue, std::uint64_t* bits, const void* a, std::size_t count) {
  const Fold body{static_cast<const std::uint64_t*>(a), count};
  return Launcher(queue).run_fold(body, bits, body.split().units());
}

}  // namespace assay::kernels::cuda

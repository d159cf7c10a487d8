// CUDA's events, graphs, and a kernel that waits for a word of the host.
#pragma once

#include <array>
#include <cstddef>

#include "harness/device/cuda_handles.hpp"
#include "harness/device/stopwatch.hpp"
#include "kernels/kernels_cuda.hpp"

namespace assay::device::cuda {

class CudaStopwatch final : public Stopwatch {
 public:
  /// For the work of `queue` on `gpu`, which both outlive it.
  CudaStopwatch(const Gpu& gpu, const kernels::cuda::Queue& queue);

  void close() noexcept override;
  void open() noexcept override;
  std::size_t gates_expired() const override;
  void mark(std::size_t index) noexcept override;
  double seconds(std::size_t first, std::size_t second) const override;
  void begin_recording() override;
  void end_recording(std::size_t index) override;
  void replay(std::size_t index) noexcept override;
  void forget_recordings() noexcept override;
  void check() const override;

 private:
  const Gpu& gpu_;
  const kernels::cuda::Queue& queue_;
  std::array<Event, most + 1> marks_;
  std::array<GraphExec, most> recordings_;
  HostMemory gate_memory_;
  kernels::cuda::Gate* gate_;
  unsigned closed_ = 0;  ///< gates so far
  CudaFailure failure_;
};

}  // namespace assay::device::cuda

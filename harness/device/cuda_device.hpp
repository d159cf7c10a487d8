// Memory of one GPU, and the CUDA kernels. One rank has one GPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/device/cuda_gemm.hpp"
#include "harness/device/cuda_handles.hpp"
#include "harness/device/cuda_host_link.hpp"
#include "harness/device/cuda_peer_link.hpp"
#include "harness/device/cuda_stopwatch.hpp"
#include "harness/device/cuda_streams.hpp"
#include "harness/device/device.hpp"
#include "kernels/kernels_cuda.hpp"

namespace assay::device::cuda {

/// What device::gpus() gives as `visible`, with CUDA's words where there are none.
VisibleGpus visible_gpus(int rank);

/// Work goes through one stream of its own, in order, or that of streams() in use. Functions that
/// may throw wait for it, so that what goes wrong on the GPU is told at the latest by the next of
/// them, or by wait() and check().
class CudaDevice final : public Device {
 public:
  /// Makes `gpu` the current one of the calling thread, which alone uses this object.
  explicit CudaDevice(Gpu gpu);

  MemoryKind memory() const override { return MemoryKind::device; }
  Buffer allocate(std::size_t bytes) override;
  void fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) override;
  kernels::Mismatch verify(const std::byte* data, const kernels::Pattern& pattern,
                           kernels::Slice slice) override;
  void poison(std::byte* out, std::size_t bytes) override;
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept override;
  void reduce(std::byte* acc, const std::byte* in, std::size_t count,
              Reduction reduction) noexcept override;
  void divide(std::byte* data, std::size_t count, DataType type, int divisor) noexcept override;
  void copy_doubles(double* b, const double* a, std::size_t count) noexcept override;
  void triad(double* a, const double* b, const double* c, double s,
             std::size_t count) noexcept override;
  void write(double* a, double value, std::size_t count) noexcept override;
  void fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept override;
  void softmax(std::byte* data, const kernels::Rows& rows, DataType type) noexcept override;
  void softmax_gradient(const std::byte* data, std::byte* gradient, const kernels::Rows& rows,
                        DataType type) noexcept override;
  /// A quarter, which the rest of what is under way leaves alone.
  std::size_t cached_bytes() const override { return gpu_.cache_bytes / 4; }
  void do_nothing() noexcept override;
  std::string kernels() const override { return "CUDA"; }
  void put(std::byte* to, std::span<const std::byte> from) override;
  void get(std::span<std::byte> to, const std::byte* from) override;
  std::unique_ptr<Gemm> gemm(const GemmCall& call) override;
  void wait() noexcept override;
  std::unique_ptr<Streams> streams(std::size_t streams, std::size_t events) override;
  Stopwatch* stopwatch() override;
  HostLink* host_link() override;
  PeerLink* peer_link() override { return &peer_link_; }
  void check() const override;

  const Gpu& gpu() const { return gpu_; }
  /// For whoever enqueues more: kernels, copies, a communicator. Of the stream in use, so to be
  /// asked for at each launch.
  const kernels::cuda::Queue& queue() const { return lanes_->used().queue; }

 private:
  void finish(cudaError_t enqueued, const char* call,
              std::source_location at = std::source_location::current());

  Gpu gpu_;
  std::unique_ptr<Lanes> lanes_;
  Buffer findings_;
  CudaFailure failure_;
  CudaPeerLink peer_link_{gpu_};
  std::unique_ptr<CudaStopwatch> stopwatch_;  ///< once somebody has asked for it
  std::unique_ptr<CudaHostLink> host_link_;   ///< likewise
  std::unique_ptr<CudaGemms> gemms_;          ///< likewise
};

}  // namespace assay::device::cuda

// Copies between a GPU and pinned memory.
#pragma once

#include "harness/device/cuda_handles.hpp"
#include "harness/device/cuda_streams.hpp"
#include "harness/device/device.hpp"
#include "harness/device/host_link.hpp"

namespace assay::device::cuda {

class CudaHostLink final : public HostLink {
 public:
  /// In the order of the stream in use. Both outlive it.
  CudaHostLink(const Gpu& gpu, const Lanes& lanes);

  Buffer allocate(std::size_t bytes) override;
  void to_device(LinkEnds ends, std::size_t bytes) noexcept override;
  void to_host(LinkEnds ends, std::size_t bytes) noexcept override;
  void both_ways(LinkEnds in, LinkEnds out, std::size_t bytes) noexcept override;
  void check() const override;

 private:
  cudaStream_t stream() const noexcept { return lanes_.used().queue.stream; }
  void copy(void* to, const void* from, std::size_t bytes, cudaStream_t stream) noexcept;

  const Gpu& gpu_;
  const Lanes& lanes_;
  Stream second_;  ///< for the other way
  Event forked_, joined_;
  CudaFailure failure_;
};

}  // namespace assay::device::cuda

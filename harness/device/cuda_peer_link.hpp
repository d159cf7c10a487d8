// Memory of one GPU that another process copies into, by CUDA's inter-process handles.
#pragma once

#include "harness/device/cuda_handles.hpp"
#include "harness/device/device.hpp"
#include "harness/device/peer_link.hpp"

namespace assay::device::cuda {

class CudaPeerLink final : public PeerLink {
 public:
  /// Of `gpu`, which outlives it and is the current one of the calling thread.
  explicit CudaPeerLink(const Gpu& gpu) : gpu_(gpu) {}

  PeerTicket share(const Buffer& memory) override;
  Buffer open(const PeerTicket& ticket, std::size_t bytes) override;

 private:
  const Gpu& gpu_;
};

}  // namespace assay::device::cuda

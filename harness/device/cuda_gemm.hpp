// Matrix products through cuBLASLt.
#pragma once

#include <cublasLt.h>

#include <memory>

#include "harness/device/cuda_handles.hpp"
#include "harness/device/cuda_streams.hpp"
#include "harness/device/device.hpp"

namespace assay::device::cuda {

/// The library, made ready for one GPU.
class CudaGemms {
 public:
  /// NVIDIA's own advice for GPUs from Hopper on (cublasSetWorkspace()), and as much as PyTorch
  /// gives there; older ones need less.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  /// In the order of the stream in use. Both outlive it and all it makes. Throws RunError.
  CudaGemms(const Gpu& gpu, const Lanes& lanes);
  ~CudaGemms();

  /// What Device::gemm() gives; the lane in use has a workspace of workspace_bytes. The first
  /// algorithm that the library's heuristic names: what an application gets that does not search.
  std::unique_ptr<Gemm> make(const GemmCall& call);

 private:
  const Gpu& gpu_;
  const Lanes& lanes_;
  cublasLtHandle_t library_ = nullptr;
};

}  // namespace assay::device::cuda

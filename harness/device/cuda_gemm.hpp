// Matrix products through cuBLASLt.
#pragma once

#include <cublasLt.h>

#include <memory>

#include "harness/device/cuda_handles.hpp"
#include "harness/device/device.hpp"

namespace assay::device::cuda {

/// The library, made ready for one GPU.
class CudaGemms {
 public:
  /// NVIDIA's own advice for GPUs from Hopper on (cublasSetWorkspace()), and as much as PyTorch
  /// gives there; older ones need less.
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;

  /// In the order of `stream` of `gpu`, which outlive it and all it makes. Throws RunError.
  CudaGemms(const Gpu& gpu, cudaStream_t stream, Buffer workspace);
  ~CudaGemms();

  /// What Device::gemm() gives. The first algorithm that the library's heuristic names: what an
  /// application gets that does not search.
  std::unique_ptr<Gemm> make(const GemmCall& call);

 private:
  const Gpu& gpu_;
  cudaStream_t stream_;
  Buffer workspace_;
  cublasLtHandle_t library_ = nullptr;
};

}  // namespace assay::device::cuda

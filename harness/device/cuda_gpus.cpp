// In a build with CUDA.
#include "harness/device/cuda_device.hpp"

namespace assay::device {

Gpus gpus() {
  return {.visible = cuda::visible_gpus, .open = [](const Gpu& gpu) -> std::unique_ptr<Device> {
            return std::make_unique<cuda::CudaDevice>(gpu);
          }};
}

}  // namespace assay::device

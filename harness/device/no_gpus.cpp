// In a build without CUDA.
#include "harness/device/gpus.hpp"

namespace assay::device {

Gpus gpus() {
  return {.visible =
              [](int) {
                return VisibleGpus{.none_because = "this build knows none (" ASSAY_WHY_CUDA ")"};
              },
          .open = nullptr};
}

}  // namespace assay::device

#include "kernels/softmax.hpp"

namespace assay::kernels {

void softmax(void* data, const Rows& rows, DataType type) noexcept {
  const OneThread host;
  softmax_with(host, data, rows, type);
}

void softmax_gradient(const void* data, void* gradient, const Rows& rows, DataType type) noexcept {
  const OneThread host;
  softmax_gradient_with(host, data, gradient, rows, type);
}

}  // namespace assay::kernels

#include "harness/bench/step_softmax.hpp"

#include <algorithm>
#include <cmath>

namespace assay::bench {
namespace {

template <class T>
void forward(T* rows, const Rows& shape) noexcept {
  const auto scale = static_cast<T>(shape.scale);
  for (std::size_t i = 0; i < shape.count; ++i, rows += shape.width) {
    const T most = *std::max_element(rows, rows + shape.width);
    T sum = 0;
    for (std::size_t j = 0; j < shape.width; ++j) {
      rows[j] = std::exp(scale * (rows[j] - most));
      sum += rows[j];
    }
    const T factor = 1 / sum;
    for (std::size_t j = 0; j < shape.width; ++j) rows[j] *= factor;
  }
}

/// dx_j = scale · p_j · (g_j − Σ p·g)
template <class T>
void backward(const T* rows, T* gradient, const Rows& shape) noexcept {
  const auto scale = static_cast<T>(shape.scale);
  for (std::size_t i = 0; i < shape.count; ++i, rows += shape.width, gradient += shape.width) {
    T sum = 0;
    for (std::size_t j = 0; j < shape.width; ++j) sum += rows[j] * gradient[j];
    for (std::size_t j = 0; j < shape.width; ++j)
      gradient[j] = scale * rows[j] * (gradient[j] - sum);
  }
}

}  // namespace

void softmax(std::byte* rows, const Rows& shape, DataType type) noexcept {
  if (shape.width == 0) return;
  if (type == DataType::fp32)
    forward(reinterpret_cast<float*>(rows), shape);
  else
    forward(reinterpret_cast<double*>(rows), shape);
}

void softmax_gradient(const std::byte* rows, std::byte* gradient, const Rows& shape,
                      DataType type) noexcept {
  if (type == DataType::fp32)
    backward(reinterpret_cast<const float*>(rows), reinterpret_cast<float*>(gradient), shape);
  else
    backward(reinterpret_cast<const double*>(rows), reinterpret_cast<double*>(gradient), shape);
}

}  // namespace assay::bench

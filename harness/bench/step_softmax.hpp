// Softmax between the products of attention, on the host.
#pragma once

#include <cstddef>

#include "harness/core/data_type.hpp"

namespace assay::bench {

struct Rows {
  std::size_t count = 0, width = 0;  ///< without gaps
  double scale = 1;                  ///< of what goes into the exponential
};

/// Of fp32 or fp64: each row becomes exp(scale·x) over the sum of these.
void softmax(std::byte* rows, const Rows& shape, DataType type) noexcept;

/// From `rows`, which softmax() gave, and the `gradient` of these to that of what was given to it.
void softmax_gradient(const std::byte* rows, std::byte* gradient, const Rows& shape,
                      DataType type) noexcept;

}  // namespace assay::bench

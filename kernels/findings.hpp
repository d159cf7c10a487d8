// What many threads find wrong in one slice, in a form that they can add to in any order.
#pragma once

#include <cstddef>

#include "kernels/kernels.hpp"

namespace assay::kernels {

struct Findings {
  unsigned long long wrong = 0;  ///< elements that differ: the sum over threads
  unsigned long long left = 0;   ///< from the first wrong one to the end, inclusive: the maximum

  /// Of a slice of `count` elements.
  Mismatch mismatch(std::size_t count) const {
    return {.wrong = wrong, .first = wrong == 0 ? 0 : count - static_cast<std::size_t>(left)};
  }
};

}  // namespace assay::kernels

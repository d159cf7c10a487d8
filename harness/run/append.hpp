// One list behind another.
#pragma once

#include <vector>

namespace assay::run {

template <class To, class From>
void append(std::vector<To>& values, const std::vector<From>& more) {
  values.insert(values.end(), more.begin(), more.end());
}

}  // namespace assay::run

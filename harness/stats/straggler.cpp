#include "harness/stats/straggler.hpp"

#include <algorithm>
#include <vector>

#include "harness/stats/quantile.hpp"

namespace assay::stats {

std::optional<double> straggler_index(std::span<const double> medians) {
  if (medians.empty()) return std::nullopt;
  std::vector<double> scratch(medians.begin(), medians.end());
  const double usual = middle(scratch);
  if (!(usual > 0)) return std::nullopt;
  return *std::max_element(medians.begin(), medians.end()) / usual;
}

}  // namespace assay::stats

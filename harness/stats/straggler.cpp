#include "harness/stats/straggler.hpp"

#include <algorithm>
#include <vector>

#include "harness/stats/quantile.hpp"

namespace assay::stats {

double middle_rank(std::span<const double> of_ranks) { return order_quantile(of_ranks, 0.5); }

std::optional<double> straggler_index(std::span<const double> medians) {
  if (medians.empty()) return std::nullopt;
  const double usual = middle_rank(medians);
  if (!(usual > 0)) return std::nullopt;
  return *std::max_element(medians.begin(), medians.end()) / usual;
}

}  // namespace assay::stats

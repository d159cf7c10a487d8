#include "harness/stats/ratio.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "harness/stats/sequential.hpp"

namespace assay::stats {
namespace {

constexpr double least_effective = 10;

/// How far an end of an interval lies from the estimate, as a logarithm.
double reach(double end, double value) { return std::log(end / value); }

bool positive(const QuantileEstimate& estimate) {
  return estimate.value > 0 && (!estimate.interval || estimate.interval->lower > 0);
}

}  // namespace

QuantileEstimate estimate_quantile(std::span<const double> values, double q, double confidence) {
  QuantileEstimate estimate{.value = order_quantile(values, q),
                            .n = values.size(),
                            .tau = block_length(values, q).tau,
                            .interval = {}};
  if (static_cast<double>(estimate.n) < least_effective * estimate.tau) return estimate;
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  estimate.interval = quantile_interval(sorted, q, confidence, estimate.tau);
  return estimate;
}

Ratio ratio_of(const QuantileEstimate& next, const QuantileEstimate& base) {
  if (!positive(next) || !positive(base))
    throw std::invalid_argument("ratio of what is not above 0");
  Ratio ratio{.value = next.value / base.value};
  if (!next.interval || !base.interval) return ratio;
  const double down =
      std::hypot(reach(next.interval->lower, next.value), reach(base.interval->upper, base.value));
  const double up =
      std::hypot(reach(next.interval->upper, next.value), reach(base.interval->lower, base.value));
  ratio.interval = {.lower = ratio.value * std::exp(-down), .upper = ratio.value * std::exp(up)};
  return ratio;
}

Change change_of(const Ratio& ratio, double margin) {
  if (!(margin >= 0)) throw std::invalid_argument("margin below 0");
  if (!ratio.interval) return Change::undecided;
  const auto& [lower, upper] = *ratio.interval;
  if (lower >= 1 / (1 + margin) && upper <= 1 + margin) return Change::same;
  if (upper < 1) return Change::lower;
  return lower > 1 ? Change::higher : Change::undecided;
}

}  // namespace assay::stats

// Quantiles and their intervals. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::stats {

/// The 1-based rank ⌈q·n⌉, at least 1: the one meaning of "quantile" everywhere. A product within
/// 1e-9 of a whole number counts as that number, so that .07 of 100 is the 7th, whatever the
/// rounding of .07. Throws std::invalid_argument for n = 0 or q outside [0, 1].
std::size_t quantile_rank(std::size_t n, double q);

/// The ⌈q·n⌉-th smallest of `values` (q = 0 gives the smallest): the block quantile of the
/// contract's wording. NaN if any value is. Throws std::invalid_argument for an empty span or q
/// outside [0, 1]. O(n).
double order_quantile(std::span<const double> values, double q);
/// The same without a copy: `scratch` is left in another order.
double select_quantile(std::span<double> scratch, double q);
/// The usual median of a few groups: the mean of the two middle values for an even number, so that
/// of two groups neither is "the" median. Leaves `scratch` in another order; NaN if any value is.
double middle(std::span<double> scratch);
/// The same as order_quantile on values already sorted ascending. O(1).
double sorted_quantile(std::span<const double> sorted, double q);

/// So few values at least that ten on average lie beyond the q-quantile, on its rarer side: 200 for
/// 95%, 1,000 for 99%. Of fewer values it is what happened to be the largest. q within (0, 1).
std::int64_t least_iterations(double q);

/// 1-based order statistics l ≤ u with P(x_(l) ≤ quantile ≤ x_(u)) ≥ confidence:
/// l = max{l: P(Bin(n,q) ≤ l−1) ≤ α/2}, u = min{u: P(Bin(n,q) ≥ u) ≤ α/2}.
/// Absent sides mean that n is too small for a bound on that side. Throws std::invalid_argument for
/// q or confidence outside (0, 1).
struct OrderInterval {
  std::optional<std::size_t> lower, upper;
};
OrderInterval order_interval(std::size_t n, double q, double confidence);

struct Interval {
  double lower = 0, upper = 0;
};
/// The interval of the q-quantile of `sorted`, for samples with integrated autocorrelation time
/// `tau` (1 = independent): the ranks for n_eff = ⌊n/τ⌋, stretched outwards to n. Absent when n_eff
/// is too small for both sides. Throws as order_interval, and for tau < 1.
std::optional<Interval> quantile_interval(std::span<const double> sorted, double q,
                                          double confidence, double tau = 1);

}  // namespace assay::stats

// How far samples remember: integrated autocorrelation time, stationarity, trend. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace assay::stats {

/// τ = 1 + 2Σρ_k by Geyer's initial positive sequence (Practical Markov Chain Monte Carlo, 1992):
/// pairs ρ_2j + ρ_2j+1 are summed as long as they are positive. ≥ 1; 1 for constant or fewer than 4
/// values. Autocovariances are divided by n. O(n) for samples with short memory, else O(n log n).
double autocorrelation_time(std::span<const double> values);

/// Lag-1 autocorrelation; 0 for constant or fewer than 3 values.
double lag1(std::span<const double> values);
/// One-sided p-value of "lag-1 correlation ≤ 0" under independence (normal approximation with
/// mean −1/n, sd 1/√n); 1 for constant values.
double lag1_p_value(std::span<const double> values);

/// The same question for 0/1 indicators, exact: given m ones among n, the chance of as few runs of
/// ones, P(runs ≤ r), runs ~ hypergeometric(n, n−m+1 special, m drawn). (m − r is the lag-1 sum of
/// products; the normal approximation is far off where ones are rare.) 1 when all are equal.
double indicator_p_value(std::span<const std::uint8_t> indicators);

/// MSER: the truncation point d that minimises Σ_{i>d}(x_i − x̄_d)²/(n−d)² (White 1997) over tails
/// of at least max(5, n/20) values; the smallest d of equals. 0 for fewer than 5 values.
std::size_t mser(std::span<const double> values);

/// MSER on values winsorised at the 90th percentile, since a few spikes fool it otherwise.
/// still settling: d > n/2. Fewer than 200 values say nothing: unknown.
enum class Settling { unknown, over, still };
struct Transient {
  std::size_t length = 0;
  Settling settling = Settling::unknown;
};
Transient transient(std::span<const double> values);

/// Mann–Kendall test of a monotone trend with tie correction and continuity correction: two-sided
/// p-value. 1 for constant or fewer than 4 values. Up to `trend_points` values are compared pair by
/// pair; longer series are first folded into the medians of equal consecutive groups (a remainder
/// is left out), which keeps the test valid and its cost bounded.
inline constexpr std::size_t trend_points = 512;
double mann_kendall(std::span<const double> values);
/// Theil–Sen: the median of pairwise slopes, per index step of `values`; folded likewise. 0 for
/// fewer than 2 values.
double theil_sen(std::span<const double> values);

/// Both. They never fail; values must be finite.
struct Trend {
  double p_value = 1;  ///< two-sided
  double slope = 0;    ///< median of pairwise slopes, per index step
};
Trend trend(std::span<const double> values);

}  // namespace assay::stats

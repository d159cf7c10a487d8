#include "harness/stats/autocorrelation.hpp"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <optional>
#include <vector>

#include "harness/stats/quantile.hpp"

namespace assay::stats {
namespace {

constexpr std::size_t direct_lags = 64;  // beyond these, transforms are cheaper
constexpr std::size_t enough_for_transient = 200;

std::vector<double> centred(std::span<const double> values) {
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  std::vector<double> deviations(values.size());
  std::ranges::transform(values, deviations.begin(), [mean](double v) { return v - mean; });
  return deviations;
}

bool constant(std::span<const double> values) {
  return std::ranges::adjacent_find(values, std::ranges::not_equal_to{}) == values.end();
}

/// Σ x_i x_{i+lag}
double product_sum(std::span<const double> x, std::size_t lag) {
  return std::inner_product(x.begin() + static_cast<std::ptrdiff_t>(lag), x.end(), x.begin(), 0.0);
}

/// In-place radix-2 Fourier transform (Cooley–Tukey); the size is a power of two.
void fourier(std::vector<std::complex<double>>& a) {
  const std::size_t n = a.size();
  for (std::size_t i = 1, j = 0; i < n; ++i) {
    std::size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(a[i], a[j]);
  }
  for (std::size_t half = 1; half < n; half *= 2) {
    std::vector<std::complex<double>> twiddle(half);
    for (std::size_t k = 0; k < half; ++k) {
      twiddle[k] =
          std::polar(1.0, -std::numbers::pi * static_cast<double>(k) / static_cast<double>(half));
    }
    for (std::size_t start = 0; start < n; start += 2 * half) {
      for (std::size_t k = start; k < start + half; ++k) {
        const auto odd = a[k + half] * twiddle[k - start];
        a[k + half] = a[k] - odd;
        a[k] += odd;
      }
    }
  }
}

/// Σ x_i x_{i+k} for every lag k < n, by Wiener–Khinchin on zero-padded data.
std::vector<double> all_product_sums(std::span<const double> x) {
  std::vector<std::complex<double>> a(std::bit_ceil(2 * x.size()));
  std::ranges::copy(x, a.begin());
  fourier(a);
  for (auto& value : a) value = std::norm(value);
  fourier(a);  // the spectrum is even, so forward and backward agree up to the factor
  std::vector<double> sums(x.size());
  const auto scale = 1 / static_cast<double>(a.size());
  for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = a[k].real() * scale;
  return sums;
}

/// Medians of equal consecutive groups, at most trend_points of them.
struct Folded {
  std::vector<double> values;
  std::size_t group = 1;
};

Folded fold(std::span<const double> values) {
  const std::size_t group = (values.size() + trend_points - 1) / trend_points;
  if (group <= 1) return {.values = {values.begin(), values.end()}, .group = 1};
  Folded folded{.values = {}, .group = group};
  for (std::size_t at = 0; at + group <= values.size(); at += group) {
    folded.values.push_back(order_quantile(values.subspan(at, group), 0.5));
  }
  return folded;
}

/// Pairs of values that rise and fall from left to right.
struct Pairs {
  std::int64_t rises = 0, falls = 0;
};

/// Two plain counts per value: a loop that compilers turn into vector code.
Pairs count_pairs(const std::vector<double>& x) {
  Pairs pairs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double left = x[i];
    std::int64_t rises = 0, falls = 0;
    for (std::size_t j = i + 1; j < x.size(); ++j) {
      rises += x[j] > left ? 1 : 0;
      falls += x[j] < left ? 1 : 0;
    }
    pairs.rises += rises;
    pairs.falls += falls;
  }
  return pairs;
}

/// Var(S) of Mann–Kendall under no trend, with groups of ties (Kendall 1975).
double kendall_variance(std::vector<double> values, const Pairs& pairs) {
  const auto term = [](double n) { return n * (n - 1) * (2 * n + 5); };
  double sum = term(static_cast<double>(values.size()));
  const auto all = static_cast<std::int64_t>(values.size() * (values.size() - 1) / 2);
  if (pairs.rises + pairs.falls == all) return sum / 18;  // no ties, nothing to sort for
  std::ranges::sort(values);
  for (auto from = values.begin(); from != values.end();) {
    const auto to = std::upper_bound(from, values.end(), *from);
    sum -= term(static_cast<double>(to - from));
    from = to;
  }
  return sum / 18;
}

}  // namespace

double autocorrelation_time(std::span<const double> values) {
  const std::size_t n = values.size();
  if (n < 4 || constant(values)) return 1;
  const std::vector<double> x = centred(values);
  const double total = product_sum(x, 0);
  if (!(total > 0)) return 1;

  std::vector<double> sums;  // filled only where memory outlasts the direct lags
  double pairs = 0;
  for (std::size_t lag = 0; lag + 1 < n; lag += 2) {
    if (lag == direct_lags) sums = all_product_sums(x);
    const double pair =
        sums.empty() ? product_sum(x, lag) + product_sum(x, lag + 1) : sums[lag] + sums[lag + 1];
    if (!(pair > 0)) break;
    pairs += pair;
  }
  return std::max(1.0, 2 * pairs / total - 1);
}

double lag1(std::span<const double> values) {
  if (values.size() < 3 || constant(values)) return 0;
  const std::vector<double> x = centred(values);
  const double total = product_sum(x, 0);
  return total > 0 ? product_sum(x, 1) / total : 0;
}

double lag1_p_value(std::span<const double> values) {
  if (values.size() < 3 || constant(values)) return 1;
  const auto n = static_cast<double>(values.size());
  const double z = (lag1(values) + 1 / n) * std::sqrt(n);
  return boost::math::cdf(boost::math::complement(boost::math::normal(), z));
}

double indicator_p_value(std::span<const std::uint8_t> indicators) {
  unsigned ones = 0, runs = 0;
  bool inside = false;
  for (const std::uint8_t one : indicators) {
    ones += one != 0 ? 1U : 0U;
    runs += one != 0 && !inside ? 1U : 0U;
    inside = one != 0;
  }
  const auto n = static_cast<unsigned>(indicators.size());
  if (ones == 0 || ones == n) return 1;
  const boost::math::hypergeometric_distribution<double> chance(n - ones + 1, ones, n);
  return std::min(1.0, boost::math::cdf(chance, runs));
}

std::size_t mser(std::span<const double> values) {
  const std::size_t n = values.size();
  const std::size_t shortest = std::max<std::size_t>(5, n / 20);
  if (n < shortest) return 0;
  double mean = 0, squares = 0;  // Welford, from the end
  std::optional<double> best;
  std::size_t truncate = 0;
  for (std::size_t tail = 1; tail <= n; ++tail) {
    const auto size = static_cast<double>(tail);
    const double off = values[n - tail] - mean;
    mean += off / size;
    squares += off * (values[n - tail] - mean);
    const double error = squares / (size * size);
    if (tail < shortest || (best && error > *best)) continue;
    best = error;
    truncate = n - tail;
  }
  return truncate;
}

Transient transient(std::span<const double> values) {
  if (values.size() < enough_for_transient) return {};
  const double ceiling = order_quantile(values, 0.9);
  std::vector<double> winsorised(values.begin(), values.end());
  for (double& value : winsorised) value = std::min(value, ceiling);
  const std::size_t length = mser(winsorised);
  return {.length = length,
          .settling = length <= values.size() / 2 ? Settling::over : Settling::still};
}

double mann_kendall(std::span<const double> values) {
  if (values.size() < 4) return 1;
  const std::vector<double> x = fold(values).values;
  const Pairs pairs = count_pairs(x);
  const std::int64_t rises = pairs.rises - pairs.falls;
  const double variance = kendall_variance(x, pairs);
  if (rises == 0 || !(variance > 0)) return 1;
  const double z = static_cast<double>(std::abs(rises) - 1) / std::sqrt(variance);
  return std::min(1.0, 2 * boost::math::cdf(boost::math::complement(boost::math::normal(), z)));
}

double theil_sen(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const Folded folded = fold(values);
  const std::vector<double>& x = folded.values;
  std::vector<double> slopes;
  slopes.reserve(x.size() * (x.size() - 1) / 2);
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (std::size_t j = i + 1; j < x.size(); ++j) {
      slopes.push_back((x[j] - x[i]) / static_cast<double>(j - i));
    }
  }
  return order_quantile(slopes, 0.5) / static_cast<double>(folded.group);
}

Trend trend(std::span<const double> values) {
  return {.p_value = mann_kendall(values), .slope = theil_sen(values)};
}

}  // namespace assay::stats

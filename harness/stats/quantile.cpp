#include "harness/stats/quantile.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace assay::stats {
namespace {

void require_inside(double value, const char* what) {
  if (!(value > 0 && value < 1)) throw std::invalid_argument(what);
}

/// P(Bin ≤ k), for any k.
double at_most(const boost::math::binomial& count, std::int64_t k) {
  if (k < 0) return 0;
  return boost::math::cdf(count, std::min(static_cast<double>(k), count.trials()));
}

/// P(Bin ≥ k), for any k.
double at_least(const boost::math::binomial& count, std::int64_t k) {
  if (k <= 0) return 1;
  if (static_cast<double>(k) > count.trials()) return 0;
  return boost::math::cdf(boost::math::complement(count, static_cast<double>(k - 1)));
}

}  // namespace

std::size_t quantile_rank(std::size_t n, double q) {
  if (n == 0) throw std::invalid_argument("quantile of no values");
  if (!(q >= 0 && q <= 1)) throw std::invalid_argument("quantile outside [0, 1]");
  const double exact = q * static_cast<double>(n);
  const double nearest = std::round(exact);
  const double rank = std::abs(exact - nearest) < 1e-9 ? nearest : std::ceil(exact);
  return std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, n);
}

std::int64_t least_iterations(double q) {
  constexpr double beyond = 10, rounding = 1e-6;
  return static_cast<std::int64_t>(std::ceil(beyond / std::min(q, 1 - q) * (1 - rounding)));
}

double order_quantile(std::span<const double> values, double q) {
  std::vector<double> scratch(values.begin(), values.end());
  return select_quantile(scratch, q);
}

double select_quantile(std::span<double> scratch, double q) {
  const std::size_t rank = quantile_rank(scratch.size(), q);
  // NaN has no order, and selection would run astray on it.
  const auto is_nan = [](double value) { return std::isnan(value); };
  if (std::ranges::any_of(scratch, is_nan)) return std::numeric_limits<double>::quiet_NaN();
  const auto nth = scratch.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(scratch.begin(), nth, scratch.end());
  return *nth;
}

double middle(std::span<double> scratch) {
  const double lower = select_quantile(scratch, 0.5);
  if (scratch.size() % 2 == 1 || std::isnan(lower)) return lower;
  // Selection left everything above the lower middle behind it.
  const auto above = scratch.begin() + static_cast<std::ptrdiff_t>(scratch.size() / 2);
  return (lower + *std::min_element(above, scratch.end())) / 2;
}

double sorted_quantile(std::span<const double> sorted, double q) {
  return sorted[quantile_rank(sorted.size(), q) - 1];
}

OrderInterval order_interval(std::size_t n, double q, double confidence) {
  require_inside(q, "quantile outside (0, 1)");
  require_inside(confidence, "confidence outside (0, 1)");
  if (n == 0) return {};
  const double tail = (1 - confidence) / 2;
  const auto trials = static_cast<double>(n);
  const boost::math::binomial count(trials, q);

  // The normal approximation is at most a few ranks off: start there and step.
  const double reach = boost::math::quantile(boost::math::complement(boost::math::normal(), tail)) *
                       std::sqrt(trials * q * (1 - q));
  const auto last = static_cast<std::int64_t>(n);
  auto low = std::clamp(std::llround(trials * q - reach), 0LL, static_cast<long long>(n));
  while (low < last && at_most(count, low) <= tail) ++low;
  while (low > 0 && at_most(count, low - 1) > tail) --low;
  auto high = std::clamp(std::llround(trials * q + reach), 1LL, static_cast<long long>(n) + 1);
  while (high > 1 && at_least(count, high - 1) <= tail) --high;
  while (high <= last && at_least(count, high) > tail) ++high;

  OrderInterval interval;
  if (low >= 1) interval.lower = static_cast<std::size_t>(low);
  if (high <= last) interval.upper = static_cast<std::size_t>(high);
  return interval;
}

std::optional<Interval> quantile_interval(std::span<const double> sorted, double q,
                                          double confidence, double tau) {
  if (!(tau >= 1)) throw std::invalid_argument("autocorrelation time below 1");
  const std::size_t n = sorted.size();
  const auto effective = static_cast<std::size_t>(static_cast<double>(n) / tau);
  const OrderInterval ranks = order_interval(effective, q, confidence);
  if (!ranks.lower || !ranks.upper) return std::nullopt;
  const double stretch = static_cast<double>(n) / static_cast<double>(effective);
  const auto below = static_cast<double>(*ranks.lower - 1) * stretch;
  const auto above = static_cast<double>(*ranks.upper) * stretch;
  const auto first = static_cast<std::size_t>(below);
  const auto past = std::min(n, static_cast<std::size_t>(std::ceil(above - 1e-9)));
  return Interval{.lower = sorted[first], .upper = sorted[past - 1]};
}

}  // namespace assay::stats

#include "harness/stats/sequential.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>

#include "harness/stats/autocorrelation.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::stats {
namespace {

using Masses = std::vector<double>;  // masses[c] = P(count = c)

constexpr double rounding = 1e-9;  // of formulas whose exact value is often a whole number
constexpr double ties = 1e-14;     // .1² = .01 is within a budget of .01 on every machine
constexpr std::int64_t sigma_blocks = 20;
constexpr std::int64_t shortest_pilot = 500;

void require_inside(double value, const char* what) {
  if (!(value > 0 && value < 1)) throw std::invalid_argument(what);
}

/// P(Bin(n, q) = c) for c = 0..n: ratios outwards from the mode, where nothing that matters
/// underflows, then normalised.
Masses binomial(std::int64_t n, double q) {
  const auto size = static_cast<std::size_t>(n);
  const auto trials = static_cast<double>(n);
  const auto mode = std::min(size, static_cast<std::size_t>((trials + 1) * q));
  const double odds = q / (1 - q);
  Masses f(size + 1, 0.0);
  f[mode] = 1;
  for (std::size_t c = mode; c < size; ++c) {
    f[c + 1] = f[c] * odds * static_cast<double>(size - c) / static_cast<double>(c + 1);
  }
  for (std::size_t c = mode; c > 0; --c) {
    f[c - 1] = f[c] / odds * static_cast<double>(c) / static_cast<double>(size - c + 1);
  }
  const double total = std::accumulate(f.begin(), f.end(), 0.0);
  for (double& mass : f) mass /= total;
  return f;
}

Masses convolve(const Masses& a, const Masses& b) {
  Masses sum(a.size() + b.size() - 1, 0.0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] <= 0) continue;
    for (std::size_t j = 0; j < b.size(); ++j) sum[i + j] += a[i] * b[j];
  }
  return sum;
}

/// The α that may be spent by information time t ∈ (0, 1].
double spent_by(double t, double alpha, Spending spending) {
  if (t >= 1) return alpha;
  if (spending == Spending::pocock) return alpha * std::log1p((std::numbers::e - 1) * t);
  const boost::math::normal normal;
  const double z = boost::math::quantile(boost::math::complement(normal, alpha / 2));
  return 2 * boost::math::cdf(boost::math::complement(normal, z / std::sqrt(t)));
}

struct Stop {
  std::int64_t bound = 0;
  double spent = 0;
};

/// Takes the paths that stop at this look out of `f` (zeroed), as many as the budget allows.
Stop stop_at_look(Masses& f, double budget, Side side) {
  const auto current = static_cast<std::int64_t>(f.size()) - 1;
  const std::int64_t step = side == Side::pass ? 1 : -1;
  Stop stop{.bound = side == Side::pass ? -1 : current + 1};
  for (std::int64_t next = stop.bound + step; next >= 0 && next <= current; next += step) {
    double& mass = f[static_cast<std::size_t>(next)];
    if (stop.spent + mass > budget + ties) break;
    stop.spent += mass;
    mass = 0;
    stop.bound = next;
  }
  return stop;
}

void require_looks(std::span<const std::int64_t> looks) {
  const bool ascend =
      std::ranges::adjacent_find(looks, std::ranges::greater_equal{}) == looks.end();
  if (looks.empty() || looks.front() < 1 || !ascend) {
    throw std::invalid_argument("looks must be ascending block counts from 1");
  }
}

}  // namespace

std::vector<std::int64_t> sequential_bounds(std::span<const std::int64_t> looks, double q0,
                                            double alpha, Side side, Spending spending) {
  require_looks(looks);
  require_inside(q0, "q0 outside (0, 1)");
  require_inside(alpha, "alpha outside (0, 1)");
  std::vector<std::int64_t> bounds;
  bounds.reserve(looks.size());
  Masses f{1.0};
  std::int64_t current = 0;
  double spent = 0;
  for (const std::int64_t look : looks) {
    Masses increment = binomial(look - current, q0);
    f = current == 0 ? std::move(increment) : convolve(f, increment);
    current = look;
    const double t = static_cast<double>(look) / static_cast<double>(looks.back());
    const Stop stop = stop_at_look(f, spent_by(t, alpha, spending) - spent, side);
    bounds.push_back(stop.bound);
    spent += stop.spent;
  }
  return bounds;
}

std::int64_t zero_defect_minimum(double q, double alpha) {
  require_inside(q, "q outside (0, 1)");
  require_inside(alpha, "alpha outside (0, 1)");
  const double exact = std::log(alpha) / std::log1p(-q);
  return std::max<std::int64_t>(1, std::llround(std::ceil(exact - rounding)));
}

BlockRule block_length(double tau, double q) {
  require_inside(q, "quantile outside (0, 1)");
  if (!(tau >= 1)) throw std::invalid_argument("autocorrelation time below 1");
  if (q == 0.5) {
    const auto k = std::llround(std::ceil((10 * tau + 1) / 2 - rounding));
    return {.length = 2 * k - 1, .tau = tau};
  }
  const double tail = std::min(q, 1 - q);
  const double k = std::ceil(5 * tau - rounding);
  const double length = (k - 1.0 / 3) / tail - 1.0 / 3;
  return {.length = std::llround(std::floor(length + rounding)), .tau = tau};
}

BlockRule block_length(std::span<const double> pilot, double q) {
  require_inside(q, "quantile outside (0, 1)");
  const double level = order_quantile(pilot, q);
  std::vector<double> exceeds(pilot.size());
  std::ranges::transform(pilot, exceeds.begin(), [&](double value) {
    const bool beyond = q < 0.5 ? value <= level : q > 0.5 ? value >= level : value > level;
    return beyond ? 1.0 : 0.0;
  });
  double tau = autocorrelation_time(exceeds);
  if (q == 0.5) tau = std::max(tau, autocorrelation_time(pilot));
  return block_length(tau, q);
}

std::int64_t pilot_length(std::span<const double> pilot, double q) {
  double needed = 20 * autocorrelation_time(pilot);
  const double tail = std::min(q, 1 - q);
  if (q != 0.5) needed = std::max(needed, 20 * block_length(pilot, q).tau / tail);
  return std::max(shortest_pilot, static_cast<std::int64_t>(std::ceil(needed - rounding)));
}

std::vector<double> block_quantiles(std::span<const double> values, std::int64_t length, double q) {
  if (length < 1) throw std::invalid_argument("block length below 1");
  const auto size = static_cast<std::size_t>(length);
  const std::size_t count = values.size() / size;
  if (count == 0) return {};  // and no room is made for a block that may be of any length
  std::vector<double> quantiles(count), block(size);
  for (std::size_t i = 0; i < count; ++i) {
    std::ranges::copy(values.subspan(i * size, size), block.begin());
    quantiles[i] = select_quantile(block, q);
  }
  return quantiles;
}

std::optional<double> block_sigma(std::span<const double> pilot, std::int64_t length, double q) {
  if (length < 1) throw std::invalid_argument("block length below 1");
  const auto affordable = static_cast<std::int64_t>(pilot.size()) / sigma_blocks;
  if (affordable < 1) return std::nullopt;
  const std::int64_t used = std::min(length, affordable);
  const std::vector<double> blocks = block_quantiles(pilot, used, q);
  const auto count = static_cast<double>(blocks.size());
  const double mean = std::accumulate(blocks.begin(), blocks.end(), 0.0) / count;
  if (mean == 0) return std::nullopt;
  double squares = 0;
  for (const double value : blocks) squares += (value - mean) * (value - mean);
  const double scale = std::sqrt(static_cast<double>(used) / static_cast<double>(length));
  return std::sqrt(squares / (count - 1)) / std::abs(mean) * scale;
}

}  // namespace assay::stats

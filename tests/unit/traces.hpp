// Generated measurements with known properties, the same on every machine: no std distribution,
// whose output the standard leaves open.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

namespace assay::traces {

class Random {
 public:
  explicit Random(std::uint64_t seed) : bits_(seed) {}

  /// In (0, 1).
  double uniform() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }

  /// Standard normal, by Box–Muller.
  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  bool chance(double probability) { return uniform() < probability; }

 private:
  std::mt19937_64 bits_;
  double spare_ = 0;
  bool has_spare_ = false;
};

/// The next value of a measurement.
using Source = std::function<double()>;
/// A fresh, stationary measurement from a seed.
using Generator = std::function<Source(std::uint64_t)>;

constexpr double level = 100;

inline Generator independent() {
  return [](std::uint64_t seed) -> Source {
    return [random = Random(seed)]() mutable { return level + random.normal(); };
  };
}

/// Gaussian AR(1), unit variance, through `shape`.
inline Generator autoregressive(
    double rho, std::function<double(double)> shape = [](double x) { return level + x; }) {
  return [=](std::uint64_t seed) -> Source {
    Random random(seed);
    const double start = random.normal();
    return [=, x = start, innovation = std::sqrt(1 - rho * rho)]() mutable {
      x = rho * x + innovation * random.normal();
      return shape(x);
    };
  };
}

/// Student's t with 3 degrees of freedom.
inline Generator student3() {
  return [](std::uint64_t seed) -> Source {
    return [random = Random(seed)]() mutable {
      const double a = random.normal(), b = random.normal(), c = random.normal();
      return level + random.normal() / std::sqrt((a * a + b * b + c * c) / 3);
    };
  };
}

/// `fast_share` of the values around the level, the others around `slow_level`.
inline Generator bimodal(double fast_share, double slow_level) {
  return [=](std::uint64_t seed) -> Source {
    return [=, random = Random(seed)]() mutable {
      return (random.chance(fast_share) ? level : slow_level) + random.normal();
    };
  };
}

/// A hidden two-state Markov chain: 20% slower for a share `slow_share` of the time, in spells of
/// `dwell` iterations in the mean.
inline Generator regimes(double slow_share, double dwell) {
  return [=](std::uint64_t seed) -> Source {
    Random random(seed);
    const bool start = random.chance(slow_share);
    return [=, slow = start]() mutable {
      const double leave = slow ? 1 / dwell : slow_share / (1 - slow_share) / dwell;
      if (random.chance(leave)) slow = !slow;
      return (slow ? 0.8 * level : level) + random.normal();
    };
  };
}

inline std::vector<double> take(const Source& source, std::size_t n) {
  std::vector<double> values(n);
  std::ranges::generate(values, std::cref(source));
  return values;
}

/// The yardstick: whether `errors` of `replications` are compatible with an error rate of at most
/// `nominal` (one-sided 99.9% of the Monte Carlo error).
inline bool keeps(double nominal, std::int64_t errors, std::int64_t replications) {
  const auto n = static_cast<double>(replications);
  return static_cast<double>(errors) <= n * nominal + 3.09 * std::sqrt(n * nominal * (1 - nominal));
}

}  // namespace assay::traces

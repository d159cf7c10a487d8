#include "harness/schedule/training/routing.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "harness/core/error.hpp"

namespace assay::training {
namespace {

constexpr std::uint64_t most_drawn = std::uint64_t{1} << 14;

std::size_t at(std::uint64_t index) { return static_cast<std::size_t>(index); }
double real(std::uint64_t count) { return static_cast<double>(count); }

/// Draws that are the same with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double uniform() { return (real(engine_() >> 11) + 0.5) / 9007199254740992.0; }  // 2⁵³; never 0
  double normal() {                                                                // Box–Muller
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return radius * std::cos(6.283185307179586 * uniform());
  }
  /// Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", ACM TOMS 26(3), 2000.
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), v = std::pow(std::max(0.0, 1 + c * x), 3);
      if (v > 0 && std::log(uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
    }
  }
  std::uint64_t below(std::uint64_t bound) {
    return std::min(bound - 1, static_cast<std::uint64_t>(uniform() * real(bound)));
  }

 private:
  std::mt19937_64 engine_;
};

/// Different draws of one seed (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  auto z = a + 0x9e3779b97f4a7c15U * (b + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

using Weights = std::vector<double>;

Weights logs_of(const Routing& routing, const RoutedShape& shape, std::uint64_t layer,
                std::uint64_t seed) {
  Random random(seed);
  Weights logs(at(shape.experts));
  switch (routing.kind) {
    case RoutingKind::even:
    case RoutingKind::balanced:
      break;
    case RoutingKind::zipf:
      for (std::size_t i = 0; i < logs.size(); ++i)
        logs[i] = -routing.parameter * std::log(static_cast<double>(i + 1));
      for (std::size_t i = logs.size(); i > 1; --i)
        std::swap(logs[i - 1], logs[at(random.below(i))]);
      break;
    case RoutingKind::dirichlet:
      for (auto& log : logs) log = std::log(std::max(random.gamma(routing.parameter), 1e-300));
      break;
    case RoutingKind::hot_rank:
      std::fill_n(logs.begin(), shape.experts / static_cast<std::uint64_t>(shape.ranks),
                  std::log(routing.parameter));
      break;
    case RoutingKind::trace: {
      const auto& line = routing.trace[at(layer % routing.trace.size())];
      for (std::size_t i = 0; i < logs.size(); ++i) logs[i] = std::log(std::max(line[i], 1e-300));
      break;
    }
  }
  return logs;
}

/// Popularity of step `step`: a mixture of as many draws, the older the fainter.
Weights popularity(const Routing& routing, const RoutedShape& shape, std::uint64_t layer,
                   std::uint64_t step) {
  const auto seed = mixed(routing.seed, layer);
  auto logs = logs_of(routing, shape, layer, seed);
  const bool drawn = routing.kind == RoutingKind::zipf || routing.kind == RoutingKind::dirichlet;
  if (!drawn || routing.persistence >= 1) return logs;
  const double stays = routing.persistence, comes = std::sqrt(1 - stays * stays);
  for (std::uint64_t i = 1; i <= step; ++i) {
    const auto fresh = logs_of(routing, shape, layer, mixed(seed, i));
    for (std::size_t e = 0; e < logs.size(); ++e) logs[e] = stays * logs[e] + comes * fresh[e];
  }
  return logs;
}

/// Draws one of several with probabilities as their weights (Walker's alias method).
class Alias {
 public:
  explicit Alias(const Weights& logs) : share_(logs.size()), other_(logs.size()) {
    const double top = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) sum += share_[i] = std::exp(logs[i] - top);
    std::vector<std::size_t> small, large;
    for (std::size_t i = 0; i < share_.size(); ++i) {
      share_[i] *= static_cast<double>(share_.size()) / sum;
      (share_[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
      const auto low = small.back(), high = large.back();
      small.pop_back();
      other_[low] = high;
      share_[high] -= 1 - share_[low];
      if (share_[high] >= 1) continue;
      large.pop_back();
      small.push_back(high);
    }
    for (const auto& rest : {small, large})
      for (const auto i : rest) share_[i] = 1;  // what is left is rounding
  }
  std::size_t draw(Random& random) const {
    const double u = random.uniform() * static_cast<double>(share_.size());
    const auto i = std::min(static_cast<std::size_t>(u), share_.size() - 1);
    return u - static_cast<double>(i) < share_[i] ? i : other_[i];
  }

 private:
  Weights share_;
  std::vector<std::size_t> other_;
};

/// The experts of one token after the other.
class Chooser {
 public:
  Chooser(const RoutedShape& shape, const Weights& logs)
      : shape_(shape), logs_(logs), alias_(logs) {}

  /// Adds one to `rows` of each of a token's experts.
  void choose(Random& random, std::vector<std::uint64_t>& rows) {
    chosen_.clear();
    groups_.clear();
    while (chosen_.size() < shape_.active) {
      const auto next = pick(random);
      chosen_.push_back(next);
      if (!contains(groups_, group(next))) groups_.push_back(group(next));
      ++rows[next];
    }
  }

 private:
  template <typename List>
  static bool contains(const List& list, std::size_t entry) {
    return std::find(list.begin(), list.end(), entry) != list.end();
  }
  std::size_t group(std::size_t expert) const {
    return expert * at(shape_.groups) / at(shape_.experts);
  }
  bool may(std::size_t expert) const {
    const bool open = groups_.size() < shape_.group_limit || contains(groups_, group(expert));
    return open && !contains(chosen_, expert);
  }

  /// In proportion to popularity among those that it may be: drawing again is drawing among them.
  /// Where the others have nearly all, the most popular one instead.
  std::size_t pick(Random& random) const {
    for (int tries = 0; tries < 64; ++tries)
      if (const auto drawn = alias_.draw(random); may(drawn)) return drawn;
    double best = 0;
    std::size_t found = logs_.size();
    for (std::size_t i = 0; i < logs_.size(); ++i) {
      if (!may(i)) continue;
      const double score = logs_[i] - std::log(-std::log(random.uniform()));
      if (found == logs_.size() || score > best) {
        best = score;
        found = i;
      }
    }
    invariant(found < logs_.size(), "groups hold as many experts as a token has");
    return found;
  }

  const RoutedShape& shape_;
  const Weights& logs_;
  Alias alias_;
  std::vector<std::size_t> chosen_, groups_;
};

/// `counts` scaled to `sum`, by largest remainders.
void scale(std::vector<std::uint64_t>& counts, std::uint64_t sum) {
  const auto before = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (before == sum) return;
  std::vector<double> remainder(counts.size());
  std::uint64_t after = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double exact = real(counts[i]) * real(sum) / real(before);
    counts[i] = static_cast<std::uint64_t>(exact);
    remainder[i] = exact - real(counts[i]);
    after += counts[i];
  }
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return remainder[a] > remainder[b]; });
  for (std::size_t i = 0; after < sum; ++i, ++after) ++counts[order[i % order.size()]];
}

/// Every rank receives the same: whoever gets one row more differs from sender to sender.
void spread_evenly(Routed& routed) {
  const auto& shape = routed.shape;
  const auto total = shape.tokens * shape.active,
             local = shape.experts / static_cast<std::uint64_t>(shape.ranks);
  for (std::uint64_t from = 0; from < static_cast<std::uint64_t>(shape.ranks); ++from)
    for (std::uint64_t i = 0; i < shape.experts; ++i) {
      const auto expert = (i + from * local) % shape.experts;
      routed.rows[at(from * shape.experts + expert)] =
          total / shape.experts + (i < total % shape.experts ? 1 : 0);
    }
}

}  // namespace

std::uint64_t Routed::pair(int from, int to) const {
  const auto local = shape.experts / static_cast<std::uint64_t>(shape.ranks);
  const auto first =
      rows.begin() + static_cast<std::ptrdiff_t>(static_cast<std::uint64_t>(from) * shape.experts +
                                                 static_cast<std::uint64_t>(to) * local);
  return std::accumulate(first, first + static_cast<std::ptrdiff_t>(local), std::uint64_t{0});
}

std::vector<std::uint64_t> Routed::of_experts(int rank) const {
  const auto local = shape.experts / static_cast<std::uint64_t>(shape.ranks);
  std::vector<std::uint64_t> sums(at(local));
  for (std::uint64_t from = 0; from < static_cast<std::uint64_t>(shape.ranks); ++from)
    for (std::uint64_t i = 0; i < local; ++i)
      sums[at(i)] += rows[at(from * shape.experts + static_cast<std::uint64_t>(rank) * local + i)];
  return sums;
}

double max_over_mean(const std::vector<std::uint64_t>& counts) {
  const auto sum = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  if (sum == 0) return 1;
  return real(*std::max_element(counts.begin(), counts.end())) * real(counts.size()) / real(sum);
}

double gini(std::vector<std::uint64_t> counts) {
  std::sort(counts.begin(), counts.end());
  double sum = 0, weighted = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sum += real(counts[i]);
    weighted += (2 * real(i + 1) - real(counts.size()) - 1) * real(counts[i]);
  }
  return sum > 0 ? weighted / (sum * real(counts.size())) : 0;
}

Skew skew_of(const Routed& routed) {
  std::vector<std::uint64_t> experts, ranks;
  for (int rank = 0; rank < routed.shape.ranks; ++rank) {
    const auto own = routed.of_experts(rank);
    experts.insert(experts.end(), own.begin(), own.end());
    ranks.push_back(std::accumulate(own.begin(), own.end(), std::uint64_t{0}));
  }
  return {max_over_mean(experts), gini(experts), max_over_mean(ranks)};
}

Routed route(const Routing& routing, const RoutedShape& shape, std::uint64_t layer,
             std::uint64_t step) {
  Routed routed{
      shape, std::vector<std::uint64_t>(at(shape.experts) * static_cast<std::size_t>(shape.ranks))};
  if (is_even(routing)) {
    spread_evenly(routed);
    return routed;
  }
  const auto common = popularity(routing, shape, layer, step);
  const auto ranks = static_cast<std::uint64_t>(shape.ranks);
  const auto drawn = std::min(shape.tokens, std::max<std::uint64_t>(1, most_drawn / ranks));
  Random random(mixed(mixed(routing.seed, layer), ~step));
  for (std::uint64_t from = 0; from < ranks; ++from) {
    auto logs = common;
    if (routing.locality > 0)
      for (auto& log : logs) log += routing.locality * random.normal();
    Chooser chooser(shape, logs);
    std::vector<std::uint64_t> rows(at(shape.experts));
    for (std::uint64_t i = 0; i < drawn; ++i) chooser.choose(random, rows);
    scale(rows, shape.tokens * shape.active);
    std::copy(rows.begin(), rows.end(),
              routed.rows.begin() + static_cast<std::ptrdiff_t>(from * shape.experts));
  }
  return routed;
}

}  // namespace assay::training

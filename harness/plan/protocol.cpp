#include <algorithm>
#include <cmath>

#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"

namespace assay::plan {
namespace {

std::optional<std::int64_t> larger_if_both(std::optional<std::int64_t> a,
                                           std::optional<std::int64_t> b) {
  if (!a || !b) return std::nullopt;
  return std::max(*a, *b);
}

std::vector<double> united(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  a.erase(std::unique(a.begin(), a.end()), a.end());
  return a;
}

/// The longer of two budgets or caps of the same kind of stop; a cap of 0 is none.
double longer(StopKind kind, double a_s, double b_s) {
  const bool unlimited = kind != StopKind::time && (a_s == 0 || b_s == 0);
  return unlimited ? 0 : std::max(a_s, b_s);
}

Stop stricter_stop(const Stop& a, const Stop& b) {
  const auto quantiles = united(a.quantiles, b.quantiles);
  if (a.kind != b.kind) {
    auto stop = a.kind < b.kind ? a : b;
    stop.quantiles = quantiles;
    return stop;
  }
  return {.kind = a.kind,
          .blocks = std::max(a.blocks, b.blocks),
          .block_length = larger_if_both(a.block_length, b.block_length),
          .quantiles = quantiles,
          .iterations = std::max(a.iterations, b.iterations),
          .time_s = longer(a.kind, a.time_s, b.time_s),
          .precision = std::min(a.precision, b.precision)};
}

/// What the pilot will roughly choose: a few times the inverse of the rarest tail.
double expected_block_length(const Stop& stop) {
  if (stop.block_length) return static_cast<double>(*stop.block_length);
  double length = 11;
  for (const double q : stop.quantiles) {
    const double tail = std::min(q, 1 - q);
    if (tail > 0 && tail < 0.5) length = std::max(length, std::ceil(5 / tail));
  }
  return length;
}

/// Seconds of the timed loop of one round.
double timed_seconds(const Stop& stop, double iteration_s) {
  constexpr double precision_iterations = 1000;
  double time_s = stop.time_s;
  if (stop.kind == StopKind::time) return time_s;
  if (stop.kind == StopKind::blocks)
    time_s = static_cast<double>(stop.blocks) * expected_block_length(stop) * iteration_s;
  if (stop.kind == StopKind::iterations)
    time_s = static_cast<double>(stop.iterations) * iteration_s;
  if (stop.kind == StopKind::precision) time_s = precision_iterations * iteration_s;
  return stop.time_s > 0 ? std::min(time_s, stop.time_s) : time_s;
}

}  // namespace

Protocol stricter(const Protocol& a, const Protocol& b) {
  invariant(a.pacing == b.pacing && a.cache == b.cache,
            "only protocols of the same pacing and cache can be merged");
  auto protocol = a;
  protocol.warm_up.iterations = std::max(a.warm_up.iterations, b.warm_up.iterations);
  protocol.warm_up.time_s = std::max(a.warm_up.time_s, b.warm_up.time_s);
  protocol.pilot = std::max(a.pilot, b.pilot);
  protocol.stop = stricter_stop(a.stop, b.stop);
  protocol.verify = a.verify || b.verify;
  return protocol;
}

void shorten(Protocol& protocol) {
  protocol.warm_up.iterations = 3;
  protocol.pilot = std::min(protocol.pilot, least_pilot);
  if (protocol.stop.kind == StopKind::blocks) protocol.stop.block_length = 1;
}

double estimated_seconds(const Case& c, const Layout& layout, const BenchmarkInfo& info) {
  constexpr double set_up_s = 0.05;  // communicators, buffers, verification
  const int ranks = static_cast<int>(layout.largest_group());
  const double iteration_s = info.seconds != nullptr ? info.seconds(c, ranks) : 0;
  const auto& warm_up = c.protocol.warm_up;
  const double warm_up_s =
      std::max(static_cast<double>(warm_up.iterations) * iteration_s, warm_up.time_s);
  const double pilot_s = c.protocol.stop.kind == StopKind::blocks
                             ? static_cast<double>(c.protocol.pilot) * iteration_s
                             : 0;
  const double round_s = warm_up_s + pilot_s + timed_seconds(c.protocol.stop, iteration_s);
  return set_up_s + round_s * static_cast<double>(layout.rounds.size());
}

}  // namespace assay::plan

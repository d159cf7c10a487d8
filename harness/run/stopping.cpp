#include "harness/run/stopping.hpp"

#include <algorithm>
#include <cmath>

#include "harness/stats/autocorrelation.hpp"
#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::run {

namespace {

constexpr int most_pilots = 4;
constexpr std::int64_t longest_pilot = 20'000;
constexpr std::size_t least_for_precision = 30;

std::vector<double> to_double(std::span<const float> values) {
  return {values.begin(), values.end()};
}

std::int64_t longest_block(const Stop& stop, const GroupTimes& pilot) {
  std::int64_t longest = 1;
  for (const auto& group : pilot) {
    const auto values = to_double(group);
    for (const double q : stop.quantiles)
      for (const double tail : {q, 1 - q})
        longest = std::max(longest, stats::block_length(values, tail).length);
  }
  return longest;
}

/// Width of the median's 95% interval over the median, of the group where it is widest.
double widest_interval(const GroupTimes& timed) {
  double widest = 0;
  for (const auto& group : timed) {
    auto values = to_double(group);
    const double tau = stats::autocorrelation_time(values);
    std::sort(values.begin(), values.end());
    const auto interval = stats::quantile_interval(values, 0.5, 0.95, tau);
    const double median = stats::sorted_quantile(values, 0.5);
    if (!interval || median <= 0) return HUGE_VAL;
    widest = std::max(widest, (interval->upper - interval->lower) / median);
  }
  return widest;
}

}  // namespace

bool stationary(std::span<const float> pilot) {
  return stats::transient(to_double(pilot)).stationary;
}

PilotVerdict judge_pilot(const GroupTimes& pilot, int attempts, const Stop& stop) {
  bool settled = true;
  std::int64_t length = 0, wanted = 0;
  for (const auto& group : pilot) {
    const auto values = to_double(group);
    settled = settled && stats::transient(values).stationary;
    wanted = std::max(wanted, stats::pilot_length(values));
    length = static_cast<std::int64_t>(group.size());
  }
  if (!settled && attempts < most_pilots) return {PilotVerdict::Next::again, length};
  const bool decides = stop.kind == StopKind::blocks && !stop.block_length;
  wanted = std::min(longest_pilot, wanted);
  if (decides && length < wanted) return {PilotVerdict::Next::extend, wanted - length};
  return {};
}

TimedPlan plan_timed(const Stop& stop, const GroupTimes& pilot, double iteration_s, double cap_s) {
  TimedPlan plan;
  if (stop.kind == StopKind::iterations) {
    plan.iterations = stop.iterations;
    return plan;
  }
  if (stop.kind != StopKind::blocks) return plan;
  plan.block_length = stop.block_length.value_or(0);
  if (plan.block_length == 0) plan.block_length = longest_block(stop, pilot);
  const double block_s = iteration_s * static_cast<double>(plan.block_length);
  const auto affordable =
      static_cast<std::int64_t>(std::clamp(std::floor(cap_s / std::max(block_s, 1e-9)), 1.0, 1e12));
  const auto blocks = std::min(stop.blocks, affordable);
  plan.blocks_dropped = stop.blocks - blocks;
  plan.iterations = blocks * plan.block_length;
  return plan;
}

bool enough(const Stop& stop, const GroupTimes& timed, double elapsed_s) {
  if (stop.kind == StopKind::time) return elapsed_s >= stop.time_s;
  if (stop.time_s > 0 && elapsed_s >= stop.time_s) return true;
  const bool few = std::any_of(timed.begin(), timed.end(),
                               [](const auto& g) { return g.size() < least_for_precision; });
  return !few && widest_interval(timed) <= stop.precision;
}

std::int64_t iterations_for(double target_s, double iteration_s, std::int64_t most) {
  const double fit = target_s / std::max(iteration_s, 1e-9);
  return std::clamp(static_cast<std::int64_t>(std::min(fit, 1e12)), std::int64_t{1},
                    std::max(most, std::int64_t{1}));
}

}  // namespace assay::run

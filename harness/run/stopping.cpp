#include "harness/run/stopping.hpp"

#include <algorithm>
#include <cmath>

#include "harness/stats/quantile.hpp"
#include "harness/stats/sequential.hpp"

namespace assay::run {

namespace {

constexpr int most_pilots = 4;
constexpr std::size_t least_for_precision = 30;

std::vector<double> to_double(std::span<const float> values) {
  return {values.begin(), values.end()};
}

/// The largest of what each group and each quantile asks for, in either tail.
template <class F>
std::int64_t largest(const Stop& stop, const GroupTimes& pilot, F asked_for) {
  std::int64_t most = 1;
  for (const auto& group : pilot) {
    const auto values = to_double(group);
    for (const double q : stop.quantiles)
      for (const double tail : {q, 1 - q}) most = std::max(most, asked_for(values, tail));
  }
  return most;
}

std::int64_t longest_block(const Stop& stop, const GroupTimes& pilot) {
  return largest(stop, pilot, [](const auto& values, double q) {
    return stats::block_length(values, q).length;
  });
}

std::int64_t longest_wanted(const Stop& stop, const GroupTimes& pilot) {
  return largest(stop, pilot,
                 [](const auto& values, double q) { return stats::pilot_length(values, q); });
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

stats::Settling settling(const GroupTimes& pilot) {
  auto settling = pilot.empty() ? stats::Settling::unknown : stats::Settling::over;
  for (const auto& group : pilot) {
    const auto one = stats::transient(to_double(group)).settling;
    if (one == stats::Settling::still) return one;
    if (one == stats::Settling::unknown) settling = one;
  }
  return settling;
}

PilotVerdict judge_pilot(const GroupTimes& pilot, int attempts, const Stop& stop) {
  const auto length = pilot.empty() ? 0 : std::ssize(pilot.front());
  if (settling(pilot) == stats::Settling::still && attempts < most_pilots)
    return {PilotVerdict::Next::again, length};
  if (stop.kind != StopKind::blocks || stop.block_length) return {};
  const auto wanted = std::min(stats::longest_pilot, longest_wanted(stop, pilot));
  if (length < wanted) return {PilotVerdict::Next::extend, wanted - length};
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

std::int64_t iterations_to_add(const TimedPlan& plan, LateSoFar so_far, TimeLeft time) {
  const auto missing = so_far.late - so_far.added;
  if (missing <= 0 || time.left_s <= 0) return 0;
  const auto piece = std::max(plan.block_length, std::int64_t{1});
  const auto whole = [piece](std::int64_t n) { return n / piece * piece; };
  const auto fit = std::min(time.left_s / std::max(time.iteration_s, 1e-9), 1e12);
  return std::max(std::int64_t{0},
                  std::min({whole(missing + piece - 1), whole(static_cast<std::int64_t>(fit)),
                            whole(plan.iterations - so_far.added)}));
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

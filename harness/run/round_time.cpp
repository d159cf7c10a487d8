#include "harness/run/round_time.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "harness/stats/quantile.hpp"

namespace assay::run {

namespace {

/// Beyond this many skews a barrier's part in an operation is below a hundredth.
constexpr double enough_skews = 100;
constexpr double broadcasts_ahead = 3;

/// p99 over `trials` barriers of last exit − first exit.
double barrier_skew_ns(comm::Team& group, const CommonClock& clock, int trials) {
  const auto n = static_cast<std::size_t>(trials);
  const auto epoch = comm::broadcast_value(group, clock.now().ns);
  std::vector<double> exits(2 * n);  // the second half negated, for the minimum
  for (std::size_t i = 0; i < n; ++i) {
    group.barrier();
    exits[i] = static_cast<double>(clock.now().ns - epoch);
    exits[n + i] = -exits[i];
  }
  group.max(exits);
  std::vector<double> skews(n);
  std::transform(exits.begin(), exits.begin() + trials, exits.begin() + trials, skews.begin(),
                 std::plus<>());
  return stats::select_quantile(skews, 0.99);
}

double broadcast_ns(comm::Team& group, const CommonClock& clock, int trials) {
  std::int64_t total = 0;
  for (int i = 0; i < trials; ++i) {
    group.barrier();  // one broadcast must not overlap the next
    const auto begin = clock.local_ns();
    comm::broadcast_value(group, begin);
    total += clock.local_ns() - begin;
  }
  double mean = static_cast<double>(total) / trials;
  group.max({&mean, 1});
  return mean;
}

}  // namespace

StartCost measure_start_cost(comm::Team& group, const CommonClock& clock, int trials) {
  return {barrier_skew_ns(group, clock, trials), broadcast_ns(group, clock, trials)};
}

std::string_view name(StartBy start) {
  return start == StartBy::barrier ? "barrier" : "round-time";
}

StartBy choose_start(const StartChoice& choice) {
  const bool barrier_will_do = choice.operation_ns >= enough_skews * choice.barrier_skew_ns;
  const bool clock_is_better = choice.clock_estimate_ns < choice.barrier_skew_ns;
  return choice.ranks_outnumber_cores || barrier_will_do || !clock_is_better ? StartBy::barrier
                                                                             : StartBy::round_time;
}

std::int64_t start_time(std::int64_t now_ns, double broadcast_ns) {
  return now_ns + static_cast<std::int64_t>(std::ceil(broadcasts_ahead * broadcast_ns));
}

Start start_together(comm::Team& group, const RoundTime& by) {
  const auto& clock = by.clock;
  group.barrier();
  std::int64_t agreed = group.rank() == 0 ? start_time(clock.now().ns, by.broadcast_ns) : 0;
  agreed = clock.model().local_at(comm::broadcast_value(group, agreed));
  Start start{clock.local_ns(), false};
  start.late = start.begun_ns > agreed;
  while (start.begun_ns < agreed) start.begun_ns = clock.local_ns();
  return start;
}

}  // namespace assay::run

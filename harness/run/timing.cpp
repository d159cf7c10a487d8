#include "harness/run/timing.hpp"

#include <algorithm>

namespace assay::run {

double clock_resolution_s() {
  std::int64_t smallest = 1'000'000'000;
  for (int i = 0; i < 1000; ++i) {
    const auto first = now_ns();
    auto second = now_ns();
    while (second == first) second = now_ns();
    smallest = std::min(smallest, second - first);
  }
  return static_cast<double>(smallest) * seconds_per_ns;
}

namespace {

void time_isolated(const Timed& timed, TimedCall call, const Readings& readings) {
  auto& [prepared, group, progress] = timed;
  const auto n = readings.begin_ns.size();
  for (std::size_t i = 0; i < n; ++i) {
    prepared.reset({.last = call.last && i + 1 == n});
    progress.enter_launch();  // before the barrier: who never comes to it is told from who waits
    if (call.by_time == nullptr)
      group.barrier();
    else
      readings.late[i] = start_together(group, *call.by_time).late ? 1 : 0;
    readings.begin_ns[i] = now_ns();
    prepared.launch();
    readings.end_ns[i] = now_ns();
    progress.exit_launch();
  }
}

void time_stream(const Timed& timed, TimedCall call, const Readings& readings) {
  auto& [prepared, group, progress] = timed;
  prepared.reset({.last = call.last});
  progress.enter_launch();
  group.barrier();
  auto previous = now_ns();
  for (std::size_t i = 0; i < readings.begin_ns.size(); ++i) {
    progress.enter_launch();
    prepared.launch();
    progress.exit_launch();
    readings.begin_ns[i] = previous;
    previous = now_ns();
    readings.end_ns[i] = previous;
  }
}

}  // namespace

void time_launches(const Timed& timed, TimedCall call, const Readings& readings) {
  if (call.pacing == Pacing::isolated)
    time_isolated(timed, call, readings);
  else
    time_stream(timed, call, readings);
}

}  // namespace assay::run

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
  return static_cast<double>(smallest) * 1e-9;
}

namespace {

void time_isolated(const Timed& timed, TimedCall call, std::span<std::int64_t> durations_ns) {
  auto& [prepared, group, progress] = timed;
  for (std::size_t i = 0; i < durations_ns.size(); ++i) {
    prepared.reset({.last = call.last && i + 1 == durations_ns.size()});
    progress.enter_launch();  // before the barrier: who never comes to it is told from who waits
    group.barrier();
    const auto begin = now_ns();
    prepared.launch();
    durations_ns[i] = now_ns() - begin;
    progress.exit_launch();
  }
}

void time_stream(const Timed& timed, TimedCall call, std::span<std::int64_t> durations_ns) {
  auto& [prepared, group, progress] = timed;
  prepared.reset({.last = call.last});
  progress.enter_launch();
  group.barrier();
  auto previous = now_ns();
  for (auto& duration : durations_ns) {
    progress.enter_launch();
    prepared.launch();
    progress.exit_launch();
    const auto end = now_ns();
    duration = end - previous;
    previous = end;
  }
}

}  // namespace

void time_launches(const Timed& timed, TimedCall call, std::span<std::int64_t> durations_ns) {
  if (call.pacing == Pacing::isolated)
    time_isolated(timed, call, durations_ns);
  else
    time_stream(timed, call, durations_ns);
}

}  // namespace assay::run

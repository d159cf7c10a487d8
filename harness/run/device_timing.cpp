#include "harness/run/device_timing.hpp"

#include <algorithm>

namespace assay::run {

namespace {

double since_s(std::int64_t begin_ns) {
  return static_cast<double>(now_ns() - begin_ns) * seconds_per_ns;
}

/// Waits for all that was given since `begin_ns`. Returns how long that took, and throws if any of
/// it failed: marks would only say that they did not happen, and what failed on this rank alone has
/// the others wait for it without a word.
double await(const Timed& timed, const OnDevice& on, std::int64_t begin_ns) {
  on.device.wait();
  const double took_s = since_s(begin_ns);
  on.device.check();
  timed.prepared.check();
  return took_s;
}

void time_isolated(const Timed& timed, const OnDevice& on, bool last,
                   const DeviceReadings& readings) {
  auto& [prepared, group, progress] = timed;
  const auto n = readings.device_s.size();
  for (std::size_t i = 0; i < n; ++i) {
    prepared.reset({.last = last && i + 1 == n});
    progress.enter_launch();
    group.barrier();
    const auto begin = now_ns();
    on.stopwatch.mark(0);
    prepared.launch();
    on.stopwatch.mark(1);
    readings.wall_s[i] = await(timed, on, begin);
    progress.exit_launch();
    readings.device_s[i] = on.stopwatch.seconds(0, 1);
  }
}

/// Of each batch, `prepare(count)` is untimed and `launch(i)` enqueues its ith.
template <class Prepare, class Launch>
void time_batches(const Timed& timed, const OnDevice& on, const DeviceReadings& readings,
                  Prepare prepare, Launch launch) {
  auto& progress = timed.progress;
  const auto n = readings.device_s.size();
  for (std::size_t first = 0; first < n;) {
    const auto count = std::min(device::Stopwatch::most, n - first);
    prepare(count);
    progress.enter_launch();
    auto begin = now_ns();
    if (on.gate == Gate::closed) on.stopwatch.close();
    on.stopwatch.mark(0);
    for (std::size_t i = 0; i < count; ++i) {
      launch(i);
      on.stopwatch.mark(i + 1);
    }
    timed.group.barrier();
    if (on.gate == Gate::closed) {
      begin = now_ns();
      on.stopwatch.open();
    }
    const double share_s = await(timed, on, begin) / static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
      progress.exit_launch();
      readings.wall_s[first + i] = share_s;
      readings.device_s[first + i] = on.stopwatch.seconds(i, i + 1);
    }
    first += count;
  }
}

void time_stream(const Timed& timed, const OnDevice& on, bool last,
                 const DeviceReadings& readings) {
  timed.prepared.reset({.last = last});
  time_batches(
      timed, on, readings, [](std::size_t) {}, [&](std::size_t) { timed.prepared.launch(); });
}

/// Every batch is recorded anew, so that buffers rotate as they do in a stream.
void time_graph(const Timed& timed, const OnDevice& on, bool last, const DeviceReadings& readings) {
  timed.prepared.reset({.last = last});
  const auto record = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      on.stopwatch.begin_recording();
      timed.prepared.launch();
      on.stopwatch.end_recording(i);
    }
  };
  time_batches(timed, on, readings, record, [&](std::size_t i) { on.stopwatch.replay(i); });
  on.stopwatch.forget_recordings();
}

}  // namespace

void time_on_device(const Timed& timed, const OnDevice& on, TimedCall call,
                    const DeviceReadings& readings) {
  switch (call.pacing) {
    case Pacing::isolated:
      return time_isolated(timed, on, call.last, readings);
    case Pacing::stream:
      return time_stream(timed, on, call.last, readings);
    case Pacing::graph:
      return time_graph(timed, on, call.last, readings);
  }
}

}  // namespace assay::run

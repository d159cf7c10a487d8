// What a round does differently where a GPU times itself.
#include <algorithm>
#include <cmath>

#include "harness/run/append.hpp"
#include "harness/run/device_timing.hpp"
#include "harness/run/round.hpp"

namespace assay::run {

void Round::time_chunk_on_device(ChunkCall call) {
  device_s_.resize(begin_ns_.size());
  wall_s_.resize(begin_ns_.size());
  const auto gate = call.phase == Phase::warm_up ? Gate::open : Gate::closed;
  time_on_device({*prepared_, starters(), rig_.progress}, {device_, *stopwatch_, gate},
                 {.pacing = spec_.protocol.pacing, .last = call.last}, {device_s_, wall_s_});
  stopwatch_->check();
  std::fill(begin_ns_.begin(), begin_ns_.end(), 0);
  std::transform(device_s_.begin(), device_s_.end(), end_ns_.begin(),
                 [](double seconds) { return std::llround(seconds * 1e9); });
}

void Round::note_wall() {
  auto wall_s = of_last_turn(wall_s_, turns_);
  seat_.team->max(wall_s);
  if (report_.leader) append(report_.in_turn["t_wall"], wall_s);
}

void Round::note_gates() {
  if (!on_device() || seat_.idle()) return;
  std::vector<double> expired{static_cast<double>(stopwatch_->gates_expired() - gates_expired_)};
  seat_.team->max(expired);
  report_.gates_expired = std::llround(expired.front());
  report_.notes["timed_by"] = "events of the GPU";
}

}  // namespace assay::run

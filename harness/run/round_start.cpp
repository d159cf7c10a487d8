// How the iterations of a round start together, and what became of it.
#include <algorithm>
#include <array>
#include <cmath>

#include "harness/core/units.hpp"
#include "harness/run/append.hpp"
#include "harness/run/round.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::run {

namespace {

std::vector<float> seconds(const std::vector<double>& ns) {
  std::vector<float> all(ns.size());
  std::transform(ns.begin(), ns.end(), all.begin(),
                 [](double one) { return static_cast<float>(one * 1e-9); });
  return all;
}

}  // namespace

bool Round::starts_by_time() const { return timing_.start == StartBy::round_time && !lost_time_; }

void Round::refresh_clock() {
  if (!timing_.several_ranks || on_device()) return;
  const auto report = rig_.clock.synchronise();
  if (starts_by_time() && !std::isfinite(report.bound_ns)) lost_time_ = true;
}

void Round::choose_start() {
  if (spec_.protocol.pacing != Pacing::isolated || !timing_.several_ranks) return;
  // Where nobody waits for anybody, it does not matter who starts late.
  const bool communicates = spec_.dims.contains("backend");
  const bool free = communicates && !on_device() && settings_.sync == Sync::automatic &&
                    !settings_.ranks_outnumber_cores;
  if (!free) timing_.start = StartBy::barrier;
  if (timing_.start == StartBy::barrier) return;

  const auto report = rig_.clock.synchronise();
  if (!seat_.idle() && !start_cost()) start_cost() = measure_start_cost(starters(), rig_.clock);
  if (timing_.start) {
    lost_time_ = !std::isfinite(report.bound_ns);
    return;
  }
  // One choice for all groups, since a case is one figure: the shortest operation and the worst
  // barrier decide. Without a warm-up nothing is known of the operation.
  const bool knows = report_.leader && !report_.warm_up.empty();
  std::array<double, 2> worst{
      knows ? -static_cast<double>(stats::order_quantile(
                  std::vector<double>(report_.warm_up.begin(), report_.warm_up.end()), 0.5)) *
                  1e9
            : -HUGE_VAL,
      seat_.idle() ? 0 : start_cost()->barrier_skew_ns};
  rig_.world.max(worst);
  timing_.barrier_skew_ns = worst[1];
  timing_.start =
      assay::run::choose_start({.operation_ns = -worst[0],
                                .barrier_skew_ns = worst[1],
                                .clock_estimate_ns = report.estimate_ns,
                                .ranks_outnumber_cores = settings_.ranks_outnumber_cores});
}

void Round::note_late() {
  std::vector<double> late(late_.begin(), late_.end());
  seat_.team->max(late);
  late_so_far_ += std::count(late.begin(), late.end(), 1.0);
  if (report_.leader) append(report_.late, late);
}

void Round::make_up_for_late(const TimedPlan& plan, double left_s) {
  if (timing_.start != StartBy::round_time) return;
  for (std::int64_t added = 0;;) {
    auto late = static_cast<double>(late_so_far_);
    rig_.world.max({&late, 1});
    const auto n = decide([&] {
      return iterations_to_add(plan, {static_cast<std::int64_t>(late), added},
                               {iteration_s_, left_s});
    });
    if (n == 0) return;
    const auto extra = run_chunks({.iterations = n, .phase = Phase::timed});
    append(report_.timed, extra.t_max_s);
    added += n;
    left_s -= extra.elapsed_s;
  }
}

std::map<std::string, std::string> Round::start_notes() const {
  if (!timing_.start) return {};
  std::map<std::string, std::string> notes{{"sync", std::string(name(*timing_.start))}};
  if (lost_time_) notes["sync"] += ", by barrier once the clock was lost";
  if (timing_.barrier_skew_ns > 0)
    notes["barrier_skew"] = format_quantity(timing_.barrier_skew_ns * 1e-9, Unit::second);
  return notes;
}

void Round::report_arrivals() {
  if (!timing_.several_ranks) return;
  if (on_device()) {
    report_.why_absent = {no_clock_of_gpus, no_clock_of_gpus, no_clock_of_gpus};
    return;
  }
  report_.why_absent = judge_arrivals(arrivals_);
  const auto& why = report_.why_absent;
  if (why.t_span.empty()) report_.t_span = seconds(arrivals_.t_span_ns);
  if (why.t_transfer.empty()) report_.t_transfer = seconds(arrivals_.t_transfer_ns);
  if (why.last.empty()) report_.last_arriver.assign(arrivals_.last.begin(), arrivals_.last.end());
}

}  // namespace assay::run

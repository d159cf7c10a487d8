#include "harness/run/round.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "harness/core/error.hpp"
#include "harness/core/rank_set.hpp"
#include "harness/run/append.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::run {

namespace {

constexpr double chunk_s = 0.5;
/// The end of a long warm-up is what tells; an operation of nanoseconds makes millions of samples.
constexpr std::ptrdiff_t most_kept_warm_up = 4096;

/// The first reason and the ranks that have one; empty where none has.
std::string first_reason(const std::vector<std::string>& reasons) {
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < reasons.size(); ++rank)
    if (!reasons[rank].empty()) ranks.push_back(static_cast<int>(rank));
  if (ranks.empty()) return {};
  return fmt::format("{} (on rank{} {})", reasons[static_cast<std::size_t>(ranks.front())],
                     ranks.size() == 1 ? "" : "s", format_ranks(compress_ranks(ranks)));
}

}  // namespace

device::Stopwatch* Round::stopwatch_for(const Inputs& inputs, device::Device& device) {
  const auto& info = bench::find(inputs.rig.benchmarks, inputs.spec.benchmark)->info();
  const auto by = bench::timed_by(info, inputs.spec.dims, inputs.rig.backends);
  return by == bench::TimedBy::device ? device.stopwatch() : nullptr;
}

Seat take_seat(const Layout& layout, std::size_t round, comm::Team& world,
               comm::Connection* connection) {
  const auto& groups = layout.rounds[round].at_once;
  Seat seat;
  comm::Part part{.one_of_many_pairs = layout.many_pairs()};
  int color = -1, key = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto ranks = groups[g].ranks();
    const auto me = std::find(ranks.begin(), ranks.end(), world.rank());
    if (me == ranks.end()) continue;
    color = static_cast<int>(g);
    key = static_cast<int>(me - ranks.begin());
    seat.group = layout.first_group(round) + g;
    part.ranks = seat.ranks = ranks;
  }
  seat.team = world.split(color, key);
  part.team = seat.team.get();
  seat.connection = connection;
  if (connection != nullptr) seat.communicator = connection->communicator(part);
  return seat;
}

Round::Round(const Inputs& inputs, Seat& seat)
    : spec_(inputs.spec),
      rig_(inputs.rig),
      settings_(inputs.settings),
      device_(inputs.rig.devices.of(bench::memory_of(inputs.spec.dims, inputs.rig.backends))),
      stopwatch_(stopwatch_for(inputs, device_)),
      gates_expired_(on_device() ? stopwatch_->gates_expired() : 0),
      seat_(seat),
      companion_(inputs.companion),
      timing_(inputs.timing),
      case_index_(inputs.case_index) {
  report_.member = !seat.idle();
  report_.group = seat.group;
  if (seat.idle()) return;
  report_.rank_in_group = seat.team->rank();
  report_.leader = seat.team->rank() == 0;
}

std::uint64_t Round::rotation_bytes() const {
  if (spec_.protocol.cache == Cache::warm) return 0;
  return device_.memory() == device::MemoryKind::host ? settings_.rotation_bytes
                                                      : settings_.gpu_rotation_bytes;
}

bench::Companion Round::companion_of(int rank) const {
  if (companion_ == nullptr) return {};
  const auto& team = *companion_->team;
  return {{team.rank(), team.size(), rank, rig_.topology.host_name(rank)},
          companion_->communicator.get()};
}

Refusal Round::agree(const std::string& reason, result::Status status) {
  rig_.progress.enter_phase(case_index_, Phase::control);
  Refusal refusal{.reason = comm::broadcast_text(
                      rig_.world, first_reason(comm::gather_text(rig_.world, reason)))};
  if (refusal.reason.empty()) return refusal;
  const bool as_planned = reason.empty() || status == result::Status::skipped;
  if (comm::all_agree(rig_.world, as_planned)) refusal.status = result::Status::skipped;
  return refusal;
}

Refusal Round::prepare(const bench::Benchmark& benchmark, std::uint64_t seed) {
  rig_.progress.enter_phase(case_index_, Phase::prepare);
  std::string reason;
  auto status = result::Status::failed;
  if (!seat_.idle()) try {
      const int rank = rig_.world.rank();
      context_.emplace(bench::Context{
          spec_,
          {seat_.team->rank(), seat_.team->size(), rank, rig_.topology.host_name(rank)},
          device_,
          seat_.communicator.get(),
          seed,
          rotation_bytes(),
          settings_.threads,
          companion_of(rank),
          {seat_.connection, seat_.team.get(), seat_.ranks}});
      prepared_ = benchmark.prepare(*context_);
    } catch (const UnsupportedError& error) {
      reason = error.what();
      status = result::Status::skipped;
    } catch (const RunError& error) {
      reason = error.what();
    }
  if (auto failure = agree(reason, status); !failure.reason.empty()) return failure;
  if (prepared_ != nullptr) {
    rig_.progress.enter_phase(case_index_, Phase::prepare);
    reason = prepared_->calibrate(*seat_.team).reason;
    turns_ = prepared_->turns();
  }
  auto refusal = agree(reason, result::Status::skipped);
  if (!refusal.reason.empty()) let_go();
  return refusal;
}

void Round::time_chunk(ChunkCall call) {
  std::optional<RoundTime> by_time;
  if (starts_by_time()) by_time.emplace(rig_.clock, start_cost()->broadcast_ns);
  time_launches({*prepared_, starters(), rig_.progress},
                {.pacing = spec_.protocol.pacing,
                 .last = call.last,
                 .by_time = by_time ? &*by_time : nullptr},
                {begin_ns_, end_ns_, late_});
}

Round::Chunk Round::run_chunk(ChunkCall call) {
  Chunk chunk;
  const auto n = static_cast<std::size_t>(call.iterations) * turns_.launches();
  begin_ns_.resize(n);
  end_ns_.resize(n);
  late_.assign(timing_.start == StartBy::round_time ? n : 0, 0);
  rig_.world.barrier();
  const auto begin = now_ns();
  if (prepared_ != nullptr) {
    rig_.progress.enter_phase(case_index_, call.phase);
    if (on_device())
      time_chunk_on_device(call);
    else
      time_chunk(call);
    rig_.progress.enter_phase(case_index_, Phase::control);
    prepared_->check();
    device_.check();
  }
  rig_.world.barrier();
  chunk.elapsed_s = static_cast<double>(now_ns() - begin) * seconds_per_ns;
  // Afterwards, so that all that was timed lies between two synchronisations.
  if (call.phase == Phase::timed) refresh_clock();
  if (prepared_ == nullptr) return chunk;
  const auto t_max_ns = combine_chunk(call.phase);
  if (report_.leader)
    for (const double ns : t_max_ns)
      chunk.t_max_s.push_back(static_cast<float>(ns * seconds_per_ns));
  harvest(call);
  return chunk;
}

void Round::sort_out_turns(Phase phase) {
  if (turns_.launches() == 1) return;
  if (phase == Phase::timed) {
    std::vector<double> longest_s(begin_ns_.size());
    std::transform(
        end_ns_.begin(), end_ns_.end(), begin_ns_.begin(), longest_s.begin(),
        [](auto end, auto begin) { return static_cast<double>(end - begin) * seconds_per_ns; });
    seat_.team->max(longest_s);
    if (report_.leader) append_turns(report_.in_turn, turns_, longest_s);
  }
  begin_ns_ = of_last_turn(begin_ns_, turns_);
  end_ns_ = of_last_turn(end_ns_, turns_);
  late_ = of_last_turn(late_, turns_);
}

std::vector<double> Round::combine_chunk(Phase phase) {
  if (!on_device())
    for (auto* readings : {&begin_ns_, &end_ns_})
      for (auto& ns : *readings) ns = rig_.clock.local_at(ns);
  sort_out_turns(phase);
  std::vector<std::int64_t> durations(begin_ns_.size());
  std::transform(end_ns_.begin(), end_ns_.end(), begin_ns_.begin(), durations.begin(),
                 std::minus<>());
  const bool timed = phase == Phase::timed;
  if (timed) append(durations_ns_, durations);
  if (timed && on_device()) note_wall();
  if (!timed || !timing_.several_ranks || on_device()) {
    std::vector<double> longest(durations.begin(), durations.end());
    seat_.team->max(longest);
    return longest;
  }
  note_late();
  auto mine = to_common({begin_ns_, end_ns_}, rig_.clock.model(), epoch_ns_);
  if (seat_.team->size() == 1) mine.bound_ns = 0;  // it is compared with itself
  auto group = combine(*seat_.team, mine);
  if (report_.leader) append(arrivals_, group);
  return std::move(group.t_max_ns);
}

Round::Chunk Round::run_chunks(ChunkCall call) {
  Chunk all;
  for (auto left = call.iterations; left > 0;) {
    const auto n = decide([&] { return iterations_for(chunk_s, iteration_s_, left); });
    left -= n;
    const auto chunk = run_chunk({.iterations = n, .phase = call.phase});
    append(all.t_max_s, chunk.t_max_s);
    all.elapsed_s += chunk.elapsed_s;
  }
  if (call.iterations > 0) iteration_s_ = all.elapsed_s / static_cast<double>(call.iterations);
  return all;
}

GroupTimes Round::gather_groups(const std::vector<float>& mine) {
  const auto parts = rig_.world.gather(std::as_bytes(std::span(mine)), 0);
  GroupTimes groups;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    const auto* values = reinterpret_cast<const float*>(part.data());
    groups.emplace_back(values, values + part.size() / sizeof(float));
  }
  return groups;
}

VerifyReport Round::verify(Moment moment) {
  if (prepared_ == nullptr || !spec_.protocol.verify) return {};
  rig_.progress.enter_phase(case_index_, Phase::verify);
  auto report = prepared_->verify(moment);
  rig_.progress.enter_phase(case_index_, Phase::control);
  return report;
}

void Round::let_go() {
  if (prepared_ == nullptr) return;
  rig_.progress.enter_phase(case_index_, Phase::verify);
  prepared_->let_go();
  rig_.progress.enter_phase(case_index_, Phase::control);
}

void Round::warm_up() {
  struct Step {
    bool done = false;
    std::int64_t next = 1;
  };
  const auto& wanted = spec_.protocol.warm_up;
  std::int64_t total = 0;
  double elapsed_s = 0;
  for (Step step{wanted.iterations <= 0 && wanted.time_s <= 0, 1}; !step.done;) {
    const auto chunk = run_chunk({.iterations = step.next, .phase = Phase::warm_up});
    append(report_.warm_up, chunk.t_max_s);
    total += step.next;
    elapsed_s += chunk.elapsed_s;
    if (std::ssize(report_.warm_up) > most_kept_warm_up)
      report_.warm_up.erase(report_.warm_up.begin(), report_.warm_up.end() - most_kept_warm_up);
    iteration_s_ = chunk.elapsed_s / static_cast<double>(step.next);
    step = decide([&] {
      const auto missing = wanted.iterations - total;
      const double missing_s = wanted.time_s - elapsed_s;
      const auto by_time = missing_s > 0 ? iterations_for(missing_s, iteration_s_, 2 * total) : 1;
      return Step{missing <= 0 && missing_s <= 0,
                  std::max(by_time, iterations_for(chunk_s, iteration_s_, missing))};
    });
  }
}

std::int64_t Round::more(std::int64_t iterations, double left_s) const {
  return iterations == 0 ? 0 : iterations_for(left_s, iteration_s_, iterations);
}

stats::Settling Round::run_pilot() {
  auto settled = stats::Settling::unknown;
  if (spec_.protocol.pilot <= 0) return settled;
  const double cap_s = settings_.max_time_per_round_s / 2;
  double elapsed_s = 0;
  auto n = decide([&] { return iterations_for(cap_s, iteration_s_, spec_.protocol.pilot); });
  for (int attempts = 1; n > 0;) {
    const auto chunk = run_chunks({.iterations = n, .phase = Phase::pilot});
    append(report_.pilot, chunk.t_max_s);
    elapsed_s += chunk.elapsed_s;
    const auto groups = gather_groups(report_.pilot);
    const auto verdict = decide([&] {
      auto next = judge_pilot(groups, attempts, spec_.protocol.stop);
      if (elapsed_s >= cap_s) next = {};
      return next;
    });
    settled = decide([&] { return settling(groups); });
    n = decide([&] { return more(verdict.iterations, cap_s - elapsed_s); });
    if (verdict.next != PilotVerdict::Next::again) continue;
    ++attempts;
    append(report_.warm_up, report_.pilot);
    report_.pilot.clear();
  }
  return settled;
}

void Round::run_open_ended() {
  const auto& stop = spec_.protocol.stop;
  const double cap_s = stop.time_s > 0 ? std::min(stop.time_s, settings_.max_time_per_round_s)
                                       : settings_.max_time_per_round_s;
  double elapsed_s = 0;
  for (bool done = false; !done;) {
    const auto n = decide([&] {
      return iterations_for(std::min(chunk_s / 2, cap_s - elapsed_s), iteration_s_, 1 << 20);
    });
    const auto chunk = run_chunk({.iterations = n, .phase = Phase::timed});
    append(report_.timed, chunk.t_max_s);
    elapsed_s += chunk.elapsed_s;
    const bool looks = stop.kind == StopKind::precision;
    const auto groups = looks ? gather_groups(report_.timed) : GroupTimes{};
    done = decide([&] { return elapsed_s >= cap_s || enough(stop, groups, elapsed_s); });
  }
}

TimedPlan Round::run_timed() {
  const auto groups = gather_groups(report_.pilot);
  const auto& stop = spec_.protocol.stop;
  const double cap_s = stop.time_s > 0 ? stop.time_s : settings_.max_time_per_round_s;
  const auto plan = decide([&] { return plan_timed(stop, groups, iteration_s_, cap_s); });
  durations_ns_.reserve(static_cast<std::size_t>(plan.iterations));
  epoch_ns_ = comm::broadcast_value(rig_.world, rig_.clock.now().ns);
  refresh_clock();
  if (plan.iterations > 0) {
    const auto timed = run_chunks({.iterations = plan.iterations - 1, .phase = Phase::timed});
    append(report_.timed, timed.t_max_s);
    make_up_for_late(plan, cap_s - timed.elapsed_s);
  } else {
    run_open_ended();
  }
  // The launch that will be verified is a chunk of its own: what is poisoned before it cannot have
  // been written by an earlier launch of the same chunk.
  append(report_.timed, run_chunk({.phase = Phase::timed, .last = true}).t_max_s);
  return plan;
}

void Round::summarise_rank() {
  if (durations_ns_.empty() || prepared_ == nullptr) return;
  auto sorted = durations_ns_;
  std::sort(sorted.begin(), sorted.end());
  const auto n = sorted.size();
  const auto quantile = [&](double q) {
    return static_cast<float>(static_cast<double>(sorted[stats::quantile_rank(n, q) - 1]) *
                              seconds_per_ns);
  };
  report_.rank_min = quantile(0);
  report_.rank_p50 = quantile(0.5);
  report_.rank_p99 = quantile(0.99);
  report_.rank_max = quantile(1);
  const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  report_.rank_mean = static_cast<float>(sum / static_cast<double>(n) * seconds_per_ns);
}

RoundSummary Round::measure() {
  report_.before = verify(Moment::before);
  warm_up();
  choose_start();
  const auto settled = run_pilot();
  const auto plan = run_timed();
  report_.after = verify(Moment::after);
  auto timelines = gather_timelines();
  let_go();
  summarise_rank();
  auto summary = collect(plan, settled);
  summary.timelines = std::move(timelines);
  return summary;
}

}  // namespace assay::run

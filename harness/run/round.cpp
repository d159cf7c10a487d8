#include "harness/run/round.hpp"

#include <algorithm>
#include <numeric>

#include "harness/core/error.hpp"
#include "harness/run/timing.hpp"

namespace assay::run {

namespace {

constexpr double chunk_s = 0.5;
/// The end of a long warm-up is what tells; an operation of nanoseconds makes millions of samples.
constexpr std::ptrdiff_t most_kept_warm_up = 4096;
constexpr double seconds_per_ns = 1e-9;

}  // namespace

Seat take_seat(const Layout& layout, std::size_t round, comm::Team& world,
               const comm::Backend* backend) {
  const auto& groups = layout.rounds[round].at_once;
  Seat seat;
  int color = -1, key = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto ranks = groups[g].ranks();
    const auto me = std::find(ranks.begin(), ranks.end(), world.rank());
    if (me == ranks.end()) continue;
    color = static_cast<int>(g);
    key = static_cast<int>(me - ranks.begin());
    seat.group = layout.first_group(round) + g;
  }
  seat.team = world.split(color, key);
  if (seat.team != nullptr && backend != nullptr) seat.communicator = backend->open(*seat.team);
  return seat;
}

Round::Round(const Inputs& inputs, Seat& seat)
    : spec_(inputs.spec),
      rig_(inputs.rig),
      settings_(inputs.settings),
      seat_(seat),
      case_index_(inputs.case_index) {
  report_.member = !seat.idle();
  report_.group = seat.group;
  if (seat.idle()) return;
  report_.rank_in_group = seat.team->rank();
  report_.leader = seat.team->rank() == 0;
}

template <class F>
auto Round::decide(F on_rank_0) {
  decltype(on_rank_0()) value{};
  if (rig_.world.rank() == 0) value = on_rank_0();
  return comm::broadcast_value(rig_.world, value);
}

std::string Round::prepare(const bench::Benchmark& benchmark, std::uint64_t seed) {
  rig_.progress.enter_phase(case_index_, Phase::prepare);
  std::string reason;
  if (!seat_.idle()) try {
      const int rank = rig_.world.rank();
      context_.emplace(bench::Context{
          spec_,
          {seat_.team->rank(), seat_.team->size(), rank, rig_.topology.host_name(rank)},
          rig_.device,
          seat_.communicator.get(),
          seed,
          spec_.protocol.cache == Cache::cold ? settings_.rotation_bytes : 0,
          settings_.threads});
      prepared_ = benchmark.prepare(*context_);
    } catch (const RunError& error) {
      reason = error.what();
    }
  rig_.progress.enter_phase(case_index_, Phase::control);
  const auto reasons = comm::gather_text(rig_.world, reason);
  const auto first =
      std::find_if(reasons.begin(), reasons.end(), [](const auto& text) { return !text.empty(); });
  return comm::broadcast_text(rig_.world, first == reasons.end() ? std::string() : *first);
}

double Round::run_chunk(ChunkCall call, std::vector<float>& into) {
  const auto n = static_cast<std::size_t>(call.iterations);
  const auto before = durations_ns_.size();
  durations_ns_.resize(before + n);
  rig_.world.barrier();
  const auto begin = now_ns();
  if (prepared_ != nullptr) {
    rig_.progress.enter_phase(case_index_, call.phase);
    const auto durations = std::span(durations_ns_).subspan(before);
    time_launches(*prepared_, *seat_.team, {spec_.protocol.pacing, call.last}, durations,
                  rig_.progress);
    rig_.progress.enter_phase(case_index_, Phase::control);
    prepared_->check();
    std::vector<double> longest(durations.begin(), durations.end());
    seat_.team->max(longest);
    if (report_.leader)
      for (const double ns : longest) into.push_back(static_cast<float>(ns * seconds_per_ns));
  }
  if (call.phase != Phase::timed) durations_ns_.resize(before);
  rig_.world.barrier();
  return static_cast<double>(now_ns() - begin) * seconds_per_ns;
}

double Round::run_chunks(ChunkCall call, std::vector<float>& into) {
  double elapsed_s = 0;
  for (auto left = call.iterations; left > 0;) {
    // The launch that will be verified is a chunk of its own: what is poisoned before it cannot
    // have been written by an earlier launch of the same chunk.
    const auto most = call.last && left > 1 ? left - 1 : left;
    const auto n = decide([&] { return iterations_for(chunk_s, iteration_s_, most); });
    left -= n;
    elapsed_s += run_chunk({n, call.phase, call.last && left == 0}, into);
  }
  if (call.iterations > 0) iteration_s_ = elapsed_s / static_cast<double>(call.iterations);
  return elapsed_s;
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

void Round::verify(Moment moment, VerifyReport& into) {
  if (prepared_ == nullptr || !spec_.protocol.verify) return;
  rig_.progress.enter_phase(case_index_, Phase::verify);
  into = prepared_->verify(moment);
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
    const double took_s = run_chunk({step.next, Phase::warm_up, false}, report_.warm_up);
    total += step.next;
    elapsed_s += took_s;
    if (std::ssize(report_.warm_up) > most_kept_warm_up)
      report_.warm_up.erase(report_.warm_up.begin(), report_.warm_up.end() - most_kept_warm_up);
    iteration_s_ = took_s / static_cast<double>(step.next);
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

bool Round::run_pilot() {
  if (spec_.protocol.pilot <= 0) return true;
  const double cap_s = settings_.max_time_per_round_s / 2;
  double elapsed_s = 0;
  bool settled = true;
  auto n = decide([&] { return iterations_for(cap_s, iteration_s_, spec_.protocol.pilot); });
  for (int attempts = 1; n > 0;) {
    elapsed_s += run_chunks({n, Phase::pilot, false}, report_.pilot);
    const auto groups = gather_groups(report_.pilot);
    const auto verdict = decide([&] {
      auto next = judge_pilot(groups, attempts, spec_.protocol.stop);
      if (elapsed_s >= cap_s) next = {};
      return next;
    });
    settled = decide([&] { return std::all_of(groups.begin(), groups.end(), stationary); });
    n = decide([&] { return more(verdict.iterations, cap_s - elapsed_s); });
    if (verdict.next != PilotVerdict::Next::again) continue;
    ++attempts;
    report_.warm_up.insert(report_.warm_up.end(), report_.pilot.begin(), report_.pilot.end());
    report_.pilot.clear();
  }
  return settled;
}

void Round::run_open_ended() {
  double elapsed_s = 0;
  for (bool done = false; !done;) {
    const auto n = decide([&] { return iterations_for(chunk_s / 2, iteration_s_, 1 << 20); });
    elapsed_s += run_chunk({n, Phase::timed, false}, report_.timed);
    const bool looks = spec_.protocol.stop.kind == StopKind::precision;
    const auto groups = looks ? gather_groups(report_.timed) : GroupTimes{};
    done = decide([&] {
      return elapsed_s >= settings_.max_time_per_round_s ||
             enough(spec_.protocol.stop, groups, elapsed_s);
    });
  }
  run_chunk({1, Phase::timed, true}, report_.timed);
}

TimedPlan Round::run_timed() {
  const auto groups = gather_groups(report_.pilot);
  const auto& stop = spec_.protocol.stop;
  const double cap_s = stop.time_s > 0 ? stop.time_s : settings_.max_time_per_round_s;
  const auto plan = decide([&] { return plan_timed(stop, groups, iteration_s_, cap_s); });
  durations_ns_.reserve(static_cast<std::size_t>(plan.iterations));
  if (plan.iterations > 0)
    run_chunks({plan.iterations, Phase::timed, true}, report_.timed);
  else
    run_open_ended();
  return plan;
}

void Round::summarise_rank() {
  if (durations_ns_.empty() || prepared_ == nullptr) return;
  auto sorted = durations_ns_;
  std::sort(sorted.begin(), sorted.end());
  const auto n = sorted.size();
  const auto at = [&](std::size_t percent) {
    const std::size_t k = (percent * n + 99) / 100;
    return static_cast<float>(static_cast<double>(sorted[std::max<std::size_t>(k, 1) - 1]) *
                              seconds_per_ns);
  };
  report_.rank_min = at(0);
  report_.rank_p50 = at(50);
  report_.rank_p99 = at(99);
  report_.rank_max = at(100);
  const double sum = std::accumulate(sorted.begin(), sorted.end(), 0.0);
  report_.rank_mean = static_cast<float>(sum / static_cast<double>(n) * seconds_per_ns);
}

RoundSummary Round::measure() {
  verify(Moment::before, report_.before);
  warm_up();
  const bool settled = run_pilot();
  const auto plan = run_timed();
  verify(Moment::after, report_.after);
  summarise_rank();
  return collect(plan, settled);
}

}  // namespace assay::run

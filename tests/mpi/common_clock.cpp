// The common clock between real processes. They share the clock of this host, so the truth is
// known: every shift and drift here is put on top of it by the test.
#include "harness/run/common_clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "harness/run/arrival.hpp"
#include "harness/run/round_time.hpp"
#include "tests/mpi/session.hpp"

namespace assay::run {
namespace {

constexpr double drift = 50e-6;

/// The host's clock with one rank's changed; `epoch_ns` is agreed on.
struct ShiftedClocks {
  int shifted = 0;
  double shift_ns = 37e6;
  std::int64_t epoch_ns = comm::broadcast_value(session->world(), now_ns());
  std::int64_t at(int rank, std::int64_t host_ns) const {
    if (rank != shifted) return host_ns;
    return host_ns + std::llround(shift_ns + drift * static_cast<double>(host_ns - epoch_ns));
  }
};

void sleep_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

/// A clock on this rank, and what it must say.
struct Trial {
  explicit Trial(ShiftedClocks shifted)
      : clocks(shifted), clock(session->world(), [this](std::int64_t host_ns) {
          return clocks.at(session->world().rank(), host_ns);
        }) {}

  /// At `host_ns` the error is within the bound, and the bound says something: the shift is found.
  void check(std::int64_t host_ns) const {
    const auto time = clock.model().at(clocks.at(session->world().rank(), host_ns));
    const auto truth = clocks.at(0, host_ns);
    EXPECT_LE(std::abs(static_cast<double>(time.ns - truth)), time.bound_ns + 1);
    EXPECT_LT(time.bound_ns, clocks.shift_ns);
  }

  ShiftedClocks clocks;
  CommonClock clock;
};

TEST(CommonClock, FindsTheShiftOfAnyRankWithinItsBound) {
  auto& world = session->world();
  for (int shifted = 0; shifted < world.size(); ++shifted) {
    Trial trial({.shifted = shifted});
    for (int repetition = 0; repetition < 10; ++repetition) {
      const auto before = now_ns();
      const auto report = trial.clock.synchronise();
      const auto after = now_ns();
      trial.check(after);
      if (repetition > 0) {
        trial.check(before);
        trial.check((before + after) / 2);
      }
      EXPECT_FALSE(report.unsteady);
      EXPECT_EQ(comm::broadcast_value(world, report.bound_ns), report.bound_ns);
      EXPECT_EQ(report.hops > 0, world.size() > 1);
      EXPECT_LE(report.hops, std::bit_width(static_cast<unsigned>(world.size() - 1)));
    }
  }
}

/// Long enough for a slope: what lies ahead and what lies between is held by the bound as well.
TEST(CommonClock, FollowsTheDriftWithinItsBound) {
  auto& world = session->world();
  Trial trial({.shifted = world.size() - 1});
  std::int64_t previous = 0;
  for (int repetition = 0; repetition < 8; ++repetition) {
    trial.clock.synchronise();
    const auto now = now_ns();
    for (auto t = previous; previous != 0 && t < now; t += 10'000'000) trial.check(t);
    previous = now;
    sleep_ms(250);
    trial.check(now_ns());
  }
}

TEST(CommonClock, SaysThatAClockWasStepped) {
  auto& world = session->world();
  const int last = world.size() - 1;
  std::int64_t step_ns = 0;
  CommonClock clock(world, [&](std::int64_t host_ns) { return host_ns + step_ns; });
  EXPECT_FALSE(clock.synchronise().unsteady);
  sleep_ms(10);
  const auto before = clock.local_ns();
  if (world.rank() == last) step_ns = 3'600'000'000'000;
  const auto report = clock.synchronise();
  EXPECT_EQ(report.unsteady, world.size() > 1);
  EXPECT_EQ(std::isinf(clock.model().at(before).bound_ns), world.rank() == last && last > 0);
  EXPECT_TRUE(std::isfinite(report.bound_ns)) << "the clock begins afresh";
}

/// Stops a rank for 200 ms before a barrier, which stands for any synchronising collective.
TEST(Arrival, ALateRankComesLastAndHasTheShortestTime) {
  auto& world = session->world();
  constexpr int n = 5;
  for (int late = 0; late < world.size(); ++late) {
    // On its own clock the last rank would always seem to be the last to arrive.
    Trial trial({.shifted = world.size() - 1, .shift_ns = 1e9});
    trial.clock.synchronise();
    const auto epoch = comm::broadcast_value(world, trial.clock.now().ns);
    std::vector<std::int64_t> arrivals, exits;
    for (int i = 0; i < n; ++i) {
      world.barrier();
      if (world.rank() == late) sleep_ms(200);
      arrivals.push_back(trial.clock.local_ns());
      world.barrier();
      exits.push_back(trial.clock.local_ns());
    }
    trial.clock.synchronise();
    const auto mine = to_common({arrivals, exits}, trial.clock.model(), epoch);
    const auto group = combine(world, mine);

    // A busy machine may hold back another rank for as long: rarely, not in most iterations.
    EXPECT_GT(std::count(group.last.begin(), group.last.end(), late), n / 2);
    std::vector<double> shortest(mine.duration_ns);
    for (auto& duration : shortest) duration = -duration;
    world.max(shortest);
    int shortest_here = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (mine.duration_ns[i] == -shortest[i]) ++shortest_here;
      EXPECT_GE(group.t_span_ns[i], group.t_transfer_ns[i]);
      // t_max is by the ranks' own clocks, which drift meanwhile.
      EXPECT_GE(group.t_span_ns[i], (1 - max_drift) * group.t_max_ns[i] - 2 * group.bound_ns);
    }
    EXPECT_EQ(shortest_here > n / 2, world.rank() == late);
    const auto longest = *std::max_element(group.t_span_ns.begin(), group.t_span_ns.end());
    EXPECT_GT(longest, world.size() > 1 ? 150e6 : 0);
  }
}

TEST(RoundTime, ItsCostIsKnownToAllRanksAlike) {
  auto& world = session->world();
  Trial trial({.shifted = world.size() - 1});
  trial.clock.synchronise();
  const auto cost = measure_start_cost(world, trial.clock, 20);
  EXPECT_GT(cost.barrier_skew_ns, world.size() > 1 ? 0 : -1);
  EXPECT_GT(cost.broadcast_ns, 0);
  EXPECT_EQ(comm::broadcast_value(world, cost.barrier_skew_ns), cost.barrier_skew_ns);
  EXPECT_EQ(comm::broadcast_value(world, cost.broadcast_ns), cost.broadcast_ns);
}

TEST(RoundTime, NoRankBeginsBeforeTheAgreedMoment) {
  auto& world = session->world();
  Trial trial({.shifted = world.size() - 1});
  trial.clock.synchronise();
  constexpr double ahead_ns = 50e6;
  const auto before = now_ns();
  const auto start = start_together(world, {trial.clock, ahead_ns});
  const auto begun = trial.clock.model().at(start.begun_ns);
  // Rank 0 announced it after `before` of rank 0, in its own clock.
  const auto announced = comm::broadcast_value(world, trial.clocks.at(0, before));
  EXPECT_GE(static_cast<double>(begun.ns - announced), 3 * ahead_ns - 2);
}

/// What the README says of the clock comes from this line; nothing is expected of a time.
TEST(CommonClock, ReportsItsFigures) {
  CommonClock clock(session->world());
  clock.synchronise();
  const auto report = clock.synchronise();
  const auto cost = measure_start_cost(session->world(), clock, 200);
  if (session->world().rank() == 0)
    std::printf(
        "%d ranks: bound %.0f ns, estimate %.0f ns, %d hops, synchronised in %.3f ms; "
        "barrier skew p99 %.0f ns, broadcast %.0f ns\n",
        session->world().size(), report.bound_ns, report.estimate_ns, report.hops,
        report.duration_s * 1e3, cost.barrier_skew_ns, cost.broadcast_ns);
}

}  // namespace
}  // namespace assay::run

// Nothing allocates between two clock readings: operator new is counted.
#include "harness/run/timing.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "benchmarks/catalogue.hpp"
#include "harness/run/round.hpp"
#include "tests/unit/counting_new.hpp"

namespace assay::run {
namespace {

/// Counts what happens around it, and allocates on request to show that the counter counts.
class Probe final : public bench::Prepared {
 public:
  explicit Probe(std::size_t allocate) : allocate_(allocate) {}
  Work work() const override { return {}; }
  void reset(bench::Iteration iteration) override {
    ++resets;
    if (iteration.last) last_reset_at = launches;
  }
  void launch() noexcept override {
    ++launches;
    for (std::size_t i = 0; i < allocate_; ++i) ::operator delete(::operator new(8));
  }
  int launches = 0, resets = 0, last_reset_at = -1;

 private:
  std::size_t allocate_;
};

struct Took {
  std::vector<std::int64_t> durations_ns;
  std::int64_t allocations = 0;
};

Took time(bench::Prepared& prepared, TimedCall call, std::size_t n) {
  const auto team = comm::make_solo_team();
  Progress progress;
  Took timed;
  std::vector<std::int64_t> begin_ns(n), end_ns(n);
  std::vector<std::uint8_t> late(n);
  const auto before = tests::allocations();
  time_launches({prepared, *team, progress}, call, {begin_ns, end_ns, late});
  timed.allocations = tests::allocations() - before;
  for (std::size_t i = 0; i < n; ++i) timed.durations_ns.push_back(end_ns[i] - begin_ns[i]);
  return timed;
}

class EveryPacing : public testing::TestWithParam<Pacing> {};
INSTANTIATE_TEST_SUITE_P(Pacings, EveryPacing, testing::Values(Pacing::isolated, Pacing::stream));

TEST_P(EveryPacing, TheTimedRegionAllocatesNothing) {
  Probe quiet(0), noisy(1);
  EXPECT_EQ(time(quiet, {GetParam(), true}, 1000).allocations, 0);
  EXPECT_EQ(time(noisy, {GetParam(), true}, 1000).allocations, 1000) << "the counter must count";
}

TEST_P(EveryPacing, RecordsEveryLaunch) {
  Probe probe(0);
  const auto timed = time(probe, {GetParam(), false}, 100);
  EXPECT_EQ(probe.launches, 100);
  EXPECT_EQ(probe.last_reset_at, -1);
  for (const auto ns : timed.durations_ns) EXPECT_GE(ns, 0);
}

TEST(Isolated, ByTimeAllocatesNothingEither) {
  const auto team = comm::make_solo_team();
  const CommonClock clock(*team);
  const RoundTime by{clock, 100};
  Probe probe(0);
  const auto timed = time(probe, {.pacing = Pacing::isolated, .last = true, .by_time = &by}, 1000);
  EXPECT_EQ(timed.allocations, 0);
  EXPECT_EQ(probe.launches, 1000);
}

TEST(Isolated, AnnouncesTheLastLaunchAlone) {
  Probe probe(0);
  time(probe, {Pacing::isolated, true}, 10);
  EXPECT_EQ(probe.resets, 10);
  EXPECT_EQ(probe.last_reset_at, 9);
}

TEST(Stream, DurationsAddUpToTheWallTime) {
  Probe probe(20);
  const auto begin = now_ns();
  const auto timed = time(probe, {Pacing::stream, false}, 5000);
  const auto wall = now_ns() - begin;
  const auto sum =
      std::accumulate(timed.durations_ns.begin(), timed.durations_ns.end(), std::int64_t{0});
  EXPECT_LE(sum, wall);
  EXPECT_EQ(probe.resets, 1);
}

TEST(Local, BenchmarksAllocateNothingInALaunch) {
  const auto device = device::make_host_device();
  for (const char* name : {"noop", "copy", "triad"}) {
    const auto all = benchmarks::catalogue();
    const auto* benchmark = bench::find(all, name);
    Case spec;
    for (const auto& dim : benchmark->info().dims) spec.dims[std::string(dim.name)] = dim.fallback;
    if (spec.dims.contains("bytes")) spec.dims["bytes"] = std::int64_t{1} << 16;
    bench::Context context{spec, {}, *device, nullptr, 1, 0, 1};
    const auto prepared = benchmark->prepare(context);
    EXPECT_EQ(time(*prepared, {Pacing::stream, true}, 100).allocations, 0) << name;
  }
}

TEST(Clock, HasAResolutionBelowAMicrosecond) {
  EXPECT_GT(clock_resolution_s(), 0);
  EXPECT_LT(clock_resolution_s(), 1e-6);
}

}  // namespace
}  // namespace assay::run

// The overlap ratio on literals, and the benchmark with a library that is slow on purpose: one that
// works in the background, and one whose start blocks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>

#include "benchmarks/catalogue.hpp"
#include "harness/bench/turns.hpp"

namespace assay {
namespace {

double ratio(double comm, double compute, double both) {
  return bench::overlap_ratio(std::array{comm, compute, both});
}

TEST(OverlapRatio, IsTheShareOfTheShorterThatIsHidden) {
  EXPECT_EQ(ratio(2, 2, 2), 1);
  EXPECT_EQ(ratio(2, 2, 3), 0.5);
  EXPECT_EQ(ratio(2, 2, 4), 0);
  EXPECT_EQ(ratio(1, 4, 4), 1) << "the collective is the shorter one";
  EXPECT_EQ(ratio(4, 1, 4.5), 0.5) << "the compute is";
  EXPECT_EQ(ratio(2, 2, 5), 0) << "slower together than one after the other";
}

enum class Progress { in_background, only_in_start };

/// A library of which every collective takes 20 ms of sleep, and moves nothing.
constexpr auto takes = std::chrono::milliseconds(20);

class SlowCollective final : public comm::Nonblocking {
 public:
  explicit SlowCollective(Progress progress) : progress_(progress) {}
  void start(const std::byte*, std::byte*) noexcept override {
    end_ = std::chrono::steady_clock::now() + takes;
    if (progress_ == Progress::only_in_start) wait();
  }
  bool test() noexcept override { return std::chrono::steady_clock::now() >= end_; }
  void wait() noexcept override { std::this_thread::sleep_until(end_); }
  void check() const override {}
  const comm::LaunchInfo& info() const override { return info_; }

 private:
  Progress progress_;
  comm::LaunchInfo info_{"native", "library"};
  std::chrono::steady_clock::time_point end_;
};

class SlowLibrary final : public comm::Communicator {
 public:
  explicit SlowLibrary(Progress progress) : progress_(progress) {}
  int rank() const override { return 0; }
  int size() const override { return 1; }
  bool accepts(device::MemoryKind) const override { return true; }
  std::unique_ptr<comm::Launch> native(const comm::CollectiveCall&) override { return nullptr; }
  std::unique_ptr<comm::Transfers> transfers(std::vector<comm::Transfer>) override {
    return nullptr;
  }
  std::unique_ptr<comm::Nonblocking> nonblocking(const comm::CollectiveCall&) override {
    return std::make_unique<SlowCollective>(progress_);
  }

 private:
  Progress progress_;
};

Case overlap_case(const bench::Benchmark& overlap) {
  Case spec;
  for (const auto& dim : overlap.info().dims) spec.dims[std::string(dim.name)] = dim.fallback;
  spec.dims["bytes"] = std::int64_t{64};
  return spec;
}

/// An iteration of `prepared`, timed as a run times it.
double one_ratio(bench::Prepared& prepared) {
  const auto turns = prepared.turns();
  std::vector<double> times;
  for (std::size_t turn = 0; turn < turns.launches(); ++turn) {
    const auto begin = std::chrono::steady_clock::now();
    prepared.launch();
    times.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return turns.ratio_of(times);
}

/// Whether so many iterations in a row can be had that all meet `condition`. On a busy machine
/// compute takes 20 ms in one launch and 60 in the next: there is time for another try.
bool some_in_a_row(Progress progress, const char* progress_of_case, bool (*condition)(double)) {
  const auto overlap = benchmarks::make_overlap();
  auto spec = overlap_case(*overlap);
  spec.dims["progress"] = std::string(progress_of_case);
  SlowLibrary library(progress);
  const auto team = comm::make_solo_team();
  const auto device = device::make_host_device();
  bench::Context context{spec, {}, *device, &library};
  auto prepared = overlap->prepare(context);
  prepared->calibrate(*team);
  int in_a_row = 0;
  for (int i = 0; i < 100 && in_a_row < 3; ++i)
    in_a_row = condition(one_ratio(*prepared)) ? in_a_row + 1 : 0;
  return in_a_row == 3;
}

bool is_high(double ratio) { return ratio > 0.6; }
bool is_low(double ratio) { return ratio < 0.4; }

TEST(Overlap, IsHighWhereTheLibraryWorksInTheBackground) {
  EXPECT_TRUE(some_in_a_row(Progress::in_background, "none", is_high));
  EXPECT_TRUE(some_in_a_row(Progress::in_background, "poll", is_high));
}

TEST(Overlap, IsLowWhereStartBlocks) {
  EXPECT_TRUE(some_in_a_row(Progress::only_in_start, "none", is_low));
}

TEST(Overlap, IsRefusedWhereItMeansNothing) {
  const auto overlap = benchmarks::make_overlap();
  auto spec = overlap_case(*overlap);
  const Topology topology = stated_topology(2, 2);
  comm::Backend backend;
  backend.name = "mpi";
  const std::vector backends{backend};
  const Layout pair{"world", {{{Group{{{0, 1, 1}}}}}}};
  const Layout each{"each", {{{Group{{{0, 0, 1}}}, Group{{{1, 1, 1}}}}}}};
  EXPECT_EQ(overlap->supports(spec, {topology, pair, backends}).reason, "");
  EXPECT_THAT(overlap->supports(spec, {topology, each, backends}).reason,
              testing::HasSubstr("communicates with nobody"));
  spec.protocol.pacing = Pacing::stream;
  EXPECT_THAT(overlap->supports(spec, {topology, pair, backends}).reason,
              testing::HasSubstr("use pacing isolated"));
}

}  // namespace
}  // namespace assay

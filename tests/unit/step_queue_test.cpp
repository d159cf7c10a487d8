// A step that is only enqueued, on streams of a made-up device: what begins when, by its clock.
#include "harness/bench/step_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "harness/schedule/step_builder.hpp"
#include "tests/unit/counting_new.hpp"

namespace assay::bench {
namespace {

using step::read;
using step::update;
using testing::ElementsAre;

/// Every stream is as far as what it was given takes, and what it waited for.
class ModelStreams final : public device::Streams {
 public:
  ModelStreams(std::size_t streams, std::size_t events) : now_s_(streams + 1), event_s_(events) {}
  void use(std::size_t index) noexcept override { used_ = index; }
  void use_own() noexcept override { used_ = now_s_.size() - 1; }
  void record(std::size_t event) noexcept override { event_s_[event] = now_s_[used_]; }
  void wait_for(std::size_t event) noexcept override {
    now_s_[used_] = std::max(now_s_[used_], event_s_[event]);
  }
  bool happened(std::size_t) noexcept override { return true; }
  double seconds(std::size_t first, std::size_t second) const override {
    return event_s_[second] - event_s_[first];
  }
  void check() const override {}

  void take(double seconds) { now_s_[used_] += seconds; }
  std::size_t used() const { return used_; }
  double own_s() const { return now_s_.back(); }

 private:
  std::vector<double> now_s_, event_s_;
  std::size_t used_ = 0;
};

/// What it launches takes a second on the stream in use.
class Second final : public comm::Launch {
 public:
  Second(ModelStreams& streams, int& launches) : streams_(streams), launches_(launches) {}
  void operator()(const std::byte*, std::byte*) noexcept override {
    streams_.take(1);
    ++launches_;
  }
  void check() const override {}
  const comm::LaunchInfo& info() const override { return info_; }

 private:
  ModelStreams& streams_;
  int& launches_;
  comm::LaunchInfo info_{"native", ""};
};

class Peers final : public comm::Communicator {
 public:
  explicit Peers(ModelStreams& streams) : streams_(streams) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool accepts(device::MemoryKind) const override { return true; }
  bool done_on_return() const override { return false; }
  std::unique_ptr<comm::Launch> native(const comm::CollectiveCall&) override {
    return std::make_unique<Second>(streams_, launches);
  }
  std::unique_ptr<comm::Transfers> transfers(std::vector<comm::Transfer>) override {
    return nullptr;
  }
  int launches = 0;

 private:
  ModelStreams& streams_;
};

constexpr std::uint16_t compute = 0, wire = 1, line = 2;

class StepQueueTest : public testing::Test {
 protected:
  step::Slice buffer() { return build.buffer("x", DataType::fp32, 16); }
  static step::Work sum(std::uint32_t group) {
    return {"sum", step::Collect{Collective::all_reduce, group, 16, DataType::fp32}};
  }
  /// Two sums on one wire, one on another that goes on beside the first and needs nothing, and one
  /// there that needs the second of the wire; between those, compute.
  void prepare() {
    const auto a = buffer(), b = buffer();
    build.add(wire, sum(0), {update(a)});
    build.add(line, sum(1), {update(b)});
    build.add(wire, sum(0), {update(a)});
    build.add(compute, {"clear", step::ElementWise{256}}, {update(a)});
    build.add(line, sum(1), {update(a)});
    const step::Job job{2,
                        {"compute", "wire", "line", "idle"},
                        {{"pair", "x", {2, 1}}, {"other pair", "x", {2, 1}}},
                        {},
                        {build.done()}};
    ASSERT_EQ(problem_of(job), "");
    graph.emplace(StepGraph::Place{job, 0, *host, &streams}, communicators, TileSizes{});
    queue.emplace(*graph, streams);
    streams.use_own();
    streams.take(100);  // what the device did before
  }
  std::vector<std::int64_t> seconds(const std::vector<std::int64_t>& readings) const {
    auto values = readings;
    for (auto& value : values) value = (value - 7) / 1'000'000'000;
    return values;
  }

  std::unique_ptr<device::Device> host = device::make_host_device();
  ModelStreams streams{4, StepQueue::events_for(5)};
  Peers peers{streams};
  std::vector<comm::Communicator*> communicators{&peers, &peers};
  step::Builder build{4};
  std::optional<StepGraph> graph;
  std::optional<StepQueue> queue;
  std::vector<std::int64_t> begin = std::vector<std::int64_t>(5), end = begin;
};

TEST_F(StepQueueTest, OperationsWaitForTheirStreamAndWhatTheyNeed) {
  prepare();
  queue->enqueue(StepPart::whole);
  const auto when = queue->read(7, {begin, end});
  EXPECT_THAT(seconds(begin), ElementsAre(0, 0, 1, 2, 2));
  EXPECT_THAT(seconds(end), ElementsAre(1, 1, 2, 2, 3));
  EXPECT_EQ(when.begin_ns, 7);
  EXPECT_EQ(when.end_ns, 7 + 3'000'000'000);
  EXPECT_EQ(streams.own_s(), 103) << "the device's own stream has all of it";
  EXPECT_EQ(streams.used(), 4U) << "and is in use again";
}

TEST_F(StepQueueTest, APartKeepsTheOrderOfTheStep) {
  prepare();
  queue->enqueue(StepPart::communication);
  queue->read(7, {begin, end});
  EXPECT_EQ(peers.launches, 4);
  EXPECT_THAT(seconds(begin), ElementsAre(0, 0, 1, 2, 2));
  const auto memory = graph->memory().of({0, 0, 16});
  std::fill_n(memory.data, memory.bytes, std::byte{0x40});
  queue->enqueue(StepPart::compute);
  const auto when = queue->read(7, {begin, end});
  EXPECT_EQ(peers.launches, 4);
  EXPECT_EQ(when.end_ns, 7) << "the device's clock counts the sums alone";
  EXPECT_NE(memory.data[0], std::byte{0x40});
}

TEST_F(StepQueueTest, EnqueuingAllocatesNothing) {
  prepare();
  const auto before = tests::allocations();
  for (int i = 0; i < 3; ++i) queue->enqueue(StepPart::whole);
  EXPECT_EQ(tests::allocations(), before);
  EXPECT_EQ(peers.launches, 12);
}

TEST_F(StepQueueTest, OneOperationLeavesTheDevicesOwnStreamInUse) {
  prepare();
  queue->enqueue(0, nullptr);
  EXPECT_EQ(streams.used(), 4U);
  EXPECT_EQ(streams.own_s(), 100) << "whoever wants to wait does so";
  EXPECT_TRUE(queue->done(0));
}

}  // namespace
}  // namespace assay::bench

// A step on one rank whose peers are made up: what begins when, and what goes on beside what.
#include "harness/bench/step_executor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/core/error.hpp"
#include "harness/schedule/step_builder.hpp"
#include "tests/unit/counting_new.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::bench {
namespace {

using step::read;
using step::update;
using step::write;
using testing::ElementsAre;

/// What the made-up library has seen.
struct Seen {
  int tests_needed = 3;  ///< until an operation is complete
  int tests = 0;
  std::vector<const std::byte*> sent{}, received{};
  std::string error{};
};

class Later final : public comm::Nonblocking {
 public:
  explicit Later(Seen& seen) : seen_(seen) {}
  void start(const std::byte* send, std::byte* recv) noexcept override {
    left_ = seen_.tests_needed;
    seen_.sent.push_back(send);
    seen_.received.push_back(recv);
  }
  bool test() noexcept override {
    ++seen_.tests;
    return --left_ <= 0;
  }
  void wait() noexcept override {}
  void check() const override {
    if (!seen_.error.empty()) throw RunError({"rank 0", seen_.error, ""});
  }
  const comm::LaunchInfo& info() const override { return info_; }

 private:
  Seen& seen_;
  comm::LaunchInfo info_{"native", ""};
  int left_ = 0;
};

class Messages final : public comm::Transfers {
 public:
  Messages(Seen& seen, comm::Transfer transfer) : seen_(seen), transfer_(transfer) {}
  void start(std::size_t, std::byte* data) noexcept override {
    (transfer_.way == comm::Transfer::Way::send ? seen_.sent : seen_.received).push_back(data);
  }
  void finish(std::size_t) noexcept override {}
  void carry_out(std::size_t, std::byte*) noexcept override {}
  void check() const override {}

 private:
  Seen& seen_;
  comm::Transfer transfer_;
};

class Peers final : public comm::Communicator {
 public:
  explicit Peers(Seen& seen) : seen_(seen) {
    for (auto* list : {&seen.sent, &seen.received}) list->reserve(100);
  }
  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool accepts(device::MemoryKind) const override { return true; }
  std::unique_ptr<comm::Launch> native(const comm::CollectiveCall&) override { return nullptr; }
  std::unique_ptr<comm::Nonblocking> nonblocking(const comm::CollectiveCall& call) override {
    if (call.count > 1'000'000) return nullptr;
    return std::make_unique<Later>(seen_);
  }
  std::unique_ptr<comm::Transfers> transfers(std::vector<comm::Transfer> transfers) override {
    return std::make_unique<Messages>(seen_, transfers.at(0));
  }

 private:
  Seen& seen_;
};

constexpr std::uint16_t compute = 0, wire = 1;

step::Work clear(std::uint64_t bytes) { return {"clear", step::ElementWise{bytes}}; }
step::Work sum(std::uint64_t count) {
  return {"sum", step::Collect{Collective::all_reduce, 0, count, DataType::fp32}};
}

class StepExecutorTest : public testing::Test {
 protected:
  step::Slice buffer(std::uint64_t count) { return build.buffer("x", DataType::fp32, count); }
  /// A sum under way beside a megabyte of compute, and compute that needs it.
  void overlapping() {
    a = buffer(8);
    b = buffer(1 << 18);
    build.add(wire, sum(8), {update(a)});
    build.add(compute, clear(1 << 20), {write(b)});
    build.add(compute, clear(1 << 20), {read(a), write(b)});
    prepare();
  }
  void prepare() {
    const step::Job job{2, {"compute", "wire"}, {{"pair", "x", {2, 1}}}, {}, {build.done()}};
    ASSERT_EQ(problem_of(job), "");
    executor.emplace(job, 0, *device, communicators, options);
  }
  std::int64_t begin(std::size_t i) const { return executor->begin_ns()[i]; }
  std::int64_t end(std::size_t i) const { return executor->end_ns()[i]; }

  Seen seen;
  Peers peers{seen};
  std::vector<comm::Communicator*> communicators{&peers};
  std::unique_ptr<device::Device> device = device::make_host_device();
  step::Builder build{2};
  step::Slice a, b;
  StepOptions options;
  std::optional<StepExecutor> executor;
};

TEST_F(StepExecutorTest, ComputesWhileOthersAreUnderWay) {
  overlapping();
  executor->launch();
  executor->check();
  EXPECT_LE(begin(0), begin(1));
  EXPECT_LE(end(0), end(1)) << "it was seen to be complete between two tiles";
  EXPECT_LE(end(1), begin(2));
  EXPECT_LE(end(0), begin(2));
  EXPECT_EQ(seen.tests, 3);
}

TEST_F(StepExecutorTest, WithoutProgressNobodyLooksBeforeThereIsNothingToCompute) {
  options.progress = Progress::none;
  overlapping();
  executor->launch();
  EXPECT_LE(begin(0), begin(1));
  EXPECT_GE(end(0), end(1));
  EXPECT_LE(end(0), begin(2));
  EXPECT_EQ(seen.tests, 3);
}

TEST_F(StepExecutorTest, AStreamsOperationsTakeTurns) {
  a = buffer(8);
  b = buffer(8);
  build.add(wire, sum(8), {update(a)});
  build.add(wire, sum(8), {update(b)});
  prepare();
  executor->launch();
  EXPECT_LE(end(0), begin(1));
  EXPECT_EQ(seen.tests, 6);
}

TEST_F(StepExecutorTest, CollectivesAreInPlaceOrFromWhatIsReadToWhatIsWritten) {
  a = buffer(8);
  b = buffer(16);
  const auto other = build.buffer("x", DataType::int64, 16);
  const step::Work gather{"gather", step::Collect{Collective::all_gather, 0, 8, DataType::fp32}},
      scatter{"scatter", step::Collect{Collective::reduce_scatter, 0, 8, DataType::fp32}},
      exchange{"counts", step::Collect{Collective::all_to_all, 0, 4, DataType::int64}};
  const auto more = build.buffer("x", DataType::int64, 8);
  build.add(wire, gather, {read(a), write(b)});
  build.add(wire, scatter, {update(b)});
  build.add(wire, scatter, {read(b), update(a)});
  build.add(wire, exchange, {read(b), read(other), write(more)});
  prepare();
  executor->launch();
  const auto at = [&](const step::Slice& slice) { return executor->memory(slice).data; };
  EXPECT_THAT(seen.sent, ElementsAre(at(a), nullptr, at(b), at(other)));
  EXPECT_THAT(seen.received, ElementsAre(at(b), at(b), at(a), at(more)));
}

TEST_F(StepExecutorTest, MessagesGoFromWhatIsReadAndToWhatIsWritten) {
  a = buffer(16);
  b = buffer(8);
  using Way = step::Message::Way;
  const auto second = step::Slice{a.buffer, 8, 8};
  build.add(wire, {"send", step::Message{Way::send, 0, 1, 8, DataType::fp32}}, {read(second)});
  build.add(wire, {"receive", step::Message{Way::receive, 0, 1, 8, DataType::fp32}},
            {read(second), write(b)});
  step::Job job{2, {"compute", "wire"}, {{"pair", "x", {2, 1}}}, {}, {build.done()}};
  executor.emplace(job, 0, *device, communicators, options);  // half of a job
  executor->launch();
  EXPECT_THAT(seen.sent, ElementsAre(executor->memory(a).data + 32));
  EXPECT_THAT(seen.received, ElementsAre(executor->memory(b).data));
}

TEST_F(StepExecutorTest, ALaunchAllocatesNothing) {
  overlapping();
  const auto before = tests::allocations();
  for (int i = 0; i < 3; ++i) executor->launch();
  EXPECT_EQ(tests::allocations(), before);
  EXPECT_GT((prepare(), tests::allocations()), before) << "the counter must count";
}

class Watching final : public Witness {
 public:
  const std::byte* before(const Rehearsed& rehearsed) override {
    begun.push_back(rehearsed.operation);
    return mine.data();
  }
  void after(const Rehearsed& rehearsed) override { ended.push_back(rehearsed.recv); }
  std::array<std::byte, 64> mine{};
  std::vector<std::size_t> begun;
  std::vector<const std::byte*> ended;
};

TEST_F(StepExecutorTest, ARehearsalSendsWhatItsWitnessGives) {
  a = buffer(8);
  b = buffer(8);
  build.add(wire, sum(8), {read(a), write(b)});
  build.add(wire, sum(8), {update(a)});
  prepare();
  Watching witness;
  executor->rehearse(witness);
  EXPECT_THAT(seen.sent, ElementsAre(witness.mine.data(), nullptr));
  EXPECT_THAT(witness.begun, ElementsAre(0, 1));
  EXPECT_THAT(witness.ended, ElementsAre(executor->memory(b).data, executor->memory(a).data));
}

TEST_F(StepExecutorTest, APartLeavesTheOtherOut) {
  overlapping();
  const auto written = executor->memory(b);
  const auto launch = [&](StepPart part) {
    seen.sent.clear();
    std::memset(written.data, 0x40, written.bytes);
    executor->launch(part);
    executor->check();
    EXPECT_LE(std::max(end(0), end(1)), begin(2)) << "its order is the step's";
    return written.data[0] != std::byte{0x40};
  };
  EXPECT_FALSE(launch(StepPart::communication));
  EXPECT_EQ(seen.sent.size(), 1U);
  const auto tests = seen.tests;
  EXPECT_TRUE(launch(StepPart::compute));
  EXPECT_EQ(seen.sent.size(), 0U);
  EXPECT_EQ(seen.tests, tests);
  EXPECT_TRUE(launch(StepPart::whole));
  EXPECT_EQ(seen.sent.size(), 1U);
}

TEST_F(StepExecutorTest, RefillsItsMemory) {
  overlapping();
  const auto region = executor->memory(a);
  const std::vector<std::byte> before(region.data, region.data + region.bytes);
  std::memset(region.data, 0x11, region.bytes);
  executor->refill();
  EXPECT_EQ(std::memcmp(region.data, before.data(), region.bytes), 0);
}

TEST_F(StepExecutorTest, PassesFailuresOn) {
  overlapping();
  executor->launch();
  seen.error = "a cable was pulled";
  EXPECT_EQ(test::failure([&] { executor->check(); }), "rank 0: a cable was pulled");
}

TEST_F(StepExecutorTest, RefusesWhatCannotGoOnBeside) {
  a = buffer(2'000'000);
  build.add(wire, sum(2'000'000), {update(a)});
  EXPECT_EQ(test::failure([&] { prepare(); }),
            "sum: the library has no nonblocking all_reduce of 2000000 elements of fp32; choose a "
            "smaller model, or a layout with smaller messages");
}

TEST_F(StepExecutorTest, SaysSoWhenOperationsWaitForEver) {
  a = buffer(8);
  build.add(compute, clear(64), {write(a)});
  build.add(compute, clear(64), {write(a)});
  auto schedule = build.done();
  schedule.operations[0].after = {1};
  const step::Job job{2, {"compute", "wire"}, {}, {}, {schedule}};
  executor.emplace(job, 0, *device, communicators, options);
  executor->launch();
  EXPECT_THROW(executor->check(), InternalError);
}

}  // namespace
}  // namespace assay::bench

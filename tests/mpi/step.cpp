// Steps with real messages: every communication is right, whatever is computed beside it, and ranks
// that overlap in any order do not wait for one another for ever.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <gtest/gtest.h>

#include <span>

#include "benchmarks/step_check.hpp"
#include "harness/schedule/training/generate.hpp"
#include "tests/mpi/step_world.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay {
namespace {

using bench::Progress;
using step_world::World;

constexpr auto type = DataType::fp32;

TEST(Step, EveryCommunicationIsRightHoweverItOverlaps) {
  const int ranks = session->world().size();
  if (ranks == 1) GTEST_SKIP() << "communicates with nobody";
  const auto job = step_world::everything(ranks, std::make_shared<tests::SkewedCounts>(1000));
  for (const auto progress : {Progress::poll, Progress::none})
    for (const bool overlap : {true, false}) {
      World world(overlap ? job : step::serial(job));
      const auto context = world.context();
      auto executor = world.executor({.progress = progress, .tiles = {}});
      executor.connect();
      benchmarks::StepCheck check(context, world.groups.communicators(), executor.schedule());
      executor.rehearse(check);
      executor.check();
      EXPECT_EQ(check.report().wrong, 0U)
          << (check.report().first ? check.report().first->buffer : "");
      EXPECT_GT(check.report().checked, 200'000U);
      for (int i = 0; i < 3; ++i) executor.launch();
      world.place.device->wait();
      executor.check();
    }
}

TEST(Step, AMessageIsCompleteOnceItIsThere) {
  Place place(comm::backends().front());
  const int ranks = place.team->size(), last = ranks - 1;
  if (ranks == 1) GTEST_SKIP() << "communicates with nobody";
  using Way = comm::Transfer::Way;
  const bool sends = place.team->rank() == 0, receives = place.team->rank() == last;
  std::vector<int> data(50'000, sends ? 7 : 0);
  const auto bytes = std::as_writable_bytes(std::span(data));
  const auto transfers = place.communicator->transfers(
      {{sends ? Way::send : Way::receive, sends ? last : 0, bytes.size()}});
  if (receives) {
    transfers->start(0, bytes.data());
    EXPECT_FALSE(transfers->test(0));
  }
  place.team->barrier();
  if (sends) transfers->start(0, bytes.data());
  while ((sends || receives) && !transfers->test(0)) {
  }
  EXPECT_EQ(data.back(), sends || receives ? 7 : 0);
  transfers->check();
}

training::Layout layout(int ranks) {
  training::Layout made;
  made.dp = ranks;
  made.global_batch = 2 * static_cast<std::uint64_t>(ranks);
  made.sequence = 32;
  made.types = {type, type, type, type};
  return made;
}

training::Model model() {
  training::Model made;
  made.layers = 2;
  made.hidden = 64;
  made.vocab = 256;
  made.ffn = 128;
  made.heads = {.count = 2, .kv = 2, .dim = 32};
  return made;
}

void expect_right_job(step::Job job) {
  World world(std::move(job));
  const auto context = world.context();
  auto executor = world.executor({});
  executor.connect();
  benchmarks::StepCheck check(context, world.groups.communicators(), executor.schedule());
  executor.rehearse(check);
  executor.launch();
  world.place.device->wait();
  executor.check();
  EXPECT_EQ(check.report().wrong, 0U) << (check.report().first ? check.report().first->buffer : "");
  EXPECT_GT(check.report().checked, 0U);
}

/// With and without overlap.
void expect_right(const training::Layout& layout) {
  const auto job = generate(model(), layout);
  expect_right_job(job);
  expect_right_job(step::serial(job));
}

TEST(Step, TrainsDataParallelWithAndWithoutASplitOptimizer) {
  const int ranks = session->world().size();
  if (ranks == 1) GTEST_SKIP() << "communicates with nobody";
  for (const bool zero1 : {false, true}) {
    auto made = layout(ranks);
    made.zero1 = zero1;
    expect_right(made);
  }
}

TEST(Step, TrainsInAPipelineAndWithSplitTensors) {
  const int ranks = session->world().size();
  if (ranks % 2 != 0) GTEST_SKIP() << "for pairs";
  auto made = layout(ranks);
  made.dp = ranks / 2;
  made.pp = 2;
  made.global_batch = 4 * static_cast<std::uint64_t>(ranks);
  expect_right(made);
  made.pp = 1;
  made.tp = 2;
  for (const bool sequence_parallel : {false, true}) {
    made.sequence_parallel = sequence_parallel;
    expect_right(made);
  }
}

}  // namespace
}  // namespace assay

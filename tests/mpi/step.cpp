// Steps with real messages: every communication is right, whatever is computed beside it, and ranks
// that overlap in any order do not wait for one another for ever.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <gtest/gtest.h>

#include <span>

#include "benchmarks/step_check.hpp"
#include "harness/bench/step_executor.hpp"
#include "harness/bench/step_groups.hpp"
#include "harness/schedule/step_builder.hpp"
#include "harness/schedule/training/generate.hpp"
#include "tests/mpi/place.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay {
namespace {

using bench::Progress;
using step::read;
using step::update;
using step::write;

constexpr std::uint16_t compute = 0;
constexpr auto type = DataType::fp32;

/// A job on all ranks.
class World {
 public:
  explicit World(step::Job the_job) : job(std::move(the_job)) { EXPECT_EQ(problem_of(job), ""); }
  bench::StepExecutor executor(const bench::StepOptions& options) {
    return {job, place.team->rank(), *place.device, groups.communicators(), options};
  }
  bench::Context context() {
    return {.spec = spec,
            .group = {place.team->rank(), place.team->size(), place.team->rank(), "here"},
            .device = *place.device,
            .seed = 42};
  }

  step::Job job;
  Place place{comm::backends().front()};
  bench::StepGroups groups{job, *place.connection, *place.team};
  Case spec;
};

/// Every kind of communication, each on a stream of its own, beside compute.
step::Job everything(int ranks, const std::shared_ptr<const PairCounts>& uneven) {
  step::Job job{ranks, {"compute"}, {}, {}, {}};
  const auto n = static_cast<std::uint64_t>(ranks);
  constexpr std::uint64_t count = 20'001;
  const auto group = [&job, ranks] {
    job.groups.push_back({"all", "x", {ranks, 1}});
    job.streams.push_back("wire");
    return static_cast<std::uint32_t>(job.groups.size() - 1);
  };
  struct Row {
    Collective collective;
    std::uint64_t send, recv;
  };
  const std::vector<Row> rows{{Collective::all_reduce, count, count},
                              {Collective::all_gather, count, count * n},
                              {Collective::reduce_scatter, count * n, count},
                              {Collective::all_to_all, count * n, count * n},
                              {Collective::all_to_all_v, 0, 0},
                              {Collective::send_recv, count, count}};
  for (std::size_t i = 0; i < rows.size() + 1; ++i) group();
  const auto ring = group();
  job.distinct = {{ranks, 1}};
  for (int rank = 0; rank < ranks; ++rank) {
    step::Builder build(job.streams.size());
    const auto buffer = [&build](std::uint64_t size) { return build.buffer("x", type, size); };
    const auto work = buffer(1 << 16);
    const auto busy = [&] {
      build.add(compute, {"clear", step::ElementWise{1 << 18}}, {write(work)});
    };
    busy();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      auto [collective, send, recv] = rows[i];
      step::Collect call{collective, i, count, type};
      if (collective == Collective::all_to_all_v) {
        call.count = 0;
        call.counts = uneven;
        send = std::max<std::uint64_t>(1, uneven->sent(rank, ranks));
        recv = std::max<std::uint64_t>(1, uneven->received(rank, ranks));
      }
      const auto from = buffer(send), to = buffer(recv);
      const auto stream = static_cast<std::uint16_t>(i + 1);
      for (int again = 0; again < 2; ++again) {
        build.add(stream, {"collective", call}, {read(from), write(to)});
        busy();
      }
    }
    const auto in_place = static_cast<std::uint32_t>(rows.size());
    const auto both = buffer(count * n);
    for (const auto& row : {rows[0], rows[1], rows[2]})
      build.add(static_cast<std::uint16_t>(in_place + 1),
                {"in place", step::Collect{row.collective, in_place, count, type}}, {update(both)});
    busy();
    // Rank 0 sends first, so that not all wait for a receiver.
    const auto stream = static_cast<std::uint16_t>(ring + 1);
    const auto from = buffer(count), to = buffer(count);
    using Way = step::Message::Way;
    const step::Message sending{Way::send, ring, (rank + 1) % ranks, count, type},
        receiving{Way::receive, ring, (rank + ranks - 1) % ranks, count, type};
    for (const bool sends : {rank == 0, rank != 0})
      build.add(stream, {"message", sends ? sending : receiving}, {sends ? read(from) : write(to)});
    job.schedules.push_back(build.done());
  }
  return job;
}

TEST(Step, EveryCommunicationIsRightHoweverItOverlaps) {
  const int ranks = session->world().size();
  if (ranks == 1) GTEST_SKIP() << "communicates with nobody";
  const auto job = everything(ranks, std::make_shared<tests::SkewedCounts>(1000));
  for (const auto progress : {Progress::poll, Progress::none})
    for (const bool overlap : {true, false}) {
      World world(overlap ? job : step::serial(job));
      const auto context = world.context();
      auto executor = world.executor({.progress = progress, .tiles = {}});
      benchmarks::StepCheck check(context, world.groups.communicators());
      executor.rehearse(check);
      executor.check();
      EXPECT_EQ(check.report().wrong, 0U)
          << (check.report().first ? check.report().first->buffer : "");
      EXPECT_GT(check.report().checked, 200'000U);
      for (int i = 0; i < 3; ++i) executor.launch();
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
  benchmarks::StepCheck check(context, world.groups.communicators());
  executor.rehearse(check);
  executor.launch();
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

// Each kind of defect is seen, in jobs that are right but for it.
#include "harness/schedule/step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/schedule/step_account.hpp"
#include "harness/schedule/step_builder.hpp"
#include "harness/schedule/step_order.hpp"

namespace assay::step {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t compute = 0, wire = 1;

Work gemm() { return {"product", Gemm{{{4, 5, 6}}}}; }
Work sum() { return {"sum", Collect{Collective::all_reduce, 0, 8}}; }
Work message(Message::Way way, int peer) { return {"message", Message{way, 0, peer, 8}}; }

/// Computes, sums over all, computes.
Schedule summing() {
  Builder build(2);
  const auto buffer = build.buffer("workspace", DataType::bf16, 8);
  build.add(compute, gemm(), {write(buffer)});
  build.add(wire, sum(), {update(buffer)});
  build.add(compute, gemm(), {read(buffer)});
  return build.done();
}

/// Four ranks that do the same, in pairs.
Job pairs() { return {4, {"compute", "wire"}, {{"pair", "x", {2, 1}}}, {}, {summing()}}; }

/// Rank 0 sends to rank 1.
Job handover() {
  Job job{2, {"compute", "wire"}, {{"pair", "x", {2, 1}}}, {{2, 1}}, {}};
  for (const auto way : {Message::Way::send, Message::Way::receive}) {
    Builder build(2);
    const auto buffer = build.buffer("workspace", DataType::bf16, 8);
    const bool sends = way == Message::Way::send;
    if (sends) build.add(compute, gemm(), {write(buffer)});
    build.add(wire, message(way, sends ? 1 : 0), {sends ? read(buffer) : write(buffer)});
    if (!sends) build.add(compute, gemm(), {read(buffer)});
    job.schedules.push_back(build.done());
  }
  return job;
}

TEST(StepProblem, IsACollectiveThatNobodyCanCarryOut) {
  const auto of = [](const Collect& call) {
    auto job = pairs();
    job.schedules[0].works[1].what = call;
    return problem_of(job);
  };
  EXPECT_EQ(of({Collective::all_reduce, 0, 8}), "");
  EXPECT_EQ(of({Collective::all_to_all_v, 0, 8}), "schedule 0, operation 1 (sum): has no counts");
  EXPECT_EQ(of({Collective::broadcast, 0, 8}),
            "schedule 0, operation 1 (sum): a step has no such collective");
}

TEST(StepBuilder, WaitsForWhatABufferNeedsAndNothingElse) {
  Builder build(3);
  const auto a = build.buffer("workspace", DataType::bf16, 8),
             b = build.buffer("x", DataType::bf16, 8);
  build.add(0, gemm(), {write(a)});
  build.add(1, sum(), {read(a)});
  build.add(0, gemm(), {read(a), write(b)});
  build.add(2, gemm(), {read(b)});
  build.add(2, gemm(), {read(a)});
  build.add(0, gemm(), {write(a)});
  const auto schedule = build.done();
  EXPECT_THAT(schedule.operations[1].after, ElementsAre(0));
  EXPECT_THAT(schedule.operations[2].after, IsEmpty()) << "two readers, one stream";
  EXPECT_THAT(schedule.operations[3].after, ElementsAre(2));
  EXPECT_THAT(schedule.operations[4].after, IsEmpty()) << "its stream has waited for more";
  EXPECT_THAT(schedule.operations[5].after, testing::UnorderedElementsAre(1, 4));
  EXPECT_EQ(schedule.works.size(), 2U) << "equal works are one";
}

TEST(StepBuilder, MemoryGivenBackIsTakenAgainByItsLikes) {
  Builder build(1);
  const auto a = build.take("x", DataType::bf16, 8);
  build.give_back(a);
  EXPECT_NE(build.take("y", DataType::bf16, 8).buffer, a.buffer);
  EXPECT_NE(build.take("x", DataType::fp32, 8).buffer, a.buffer);
  EXPECT_NE(build.take("x", DataType::bf16, 9).buffer, a.buffer);
  EXPECT_EQ(build.take("x", DataType::bf16, 8).buffer, a.buffer);
}

TEST(StepProblem, FindsNothingInRightJobs) {
  EXPECT_EQ(problem_of(pairs()), "");
  EXPECT_EQ(problem_of(handover()), "");
}

TEST(StepProblem, FindsWhatIsOutOfBounds) {
  auto job = pairs();
  job.schedules[0].operations[1].uses[0].slice.first = 1;
  EXPECT_EQ(problem_of(job), "schedule 0, operation 1 (sum): out of bounds");
  job = pairs();
  job.schedules[0].operations[1].stream = 2;
  EXPECT_EQ(problem_of(job), "schedule 0, operation 1 (sum): no such stream");
  job = pairs();
  job.schedules[0].operations[1].work = 2;
  EXPECT_EQ(problem_of(job), "schedule 0, operation 1: no such work");
  job = pairs();
  std::get<Collect>(job.schedules[0].works[1].what).group = 1;
  EXPECT_EQ(problem_of(job), "schedule 0, operation 1 (sum): no such group");
  job = pairs();
  job.schedules[0].tensors.push_back({{1, 0, 1}, 1});
  EXPECT_EQ(problem_of(job), "schedule 0: a tensor is out of bounds");
  job = pairs();
  job.distinct.push_back({2, 1});
  EXPECT_EQ(problem_of(job), "1 schedules where ranks differ in 2 ways");
}

TEST(StepProblem, FindsRacesAndDependenciesOnLaterOperations) {
  auto job = pairs();
  job.schedules[0].operations[2].after.clear();
  EXPECT_EQ(problem_of(job), "schedule 0, operation 2 (product): races with operation 1 (sum)");
  job = pairs();
  job.schedules[0].operations[0].after = {1};
  EXPECT_EQ(problem_of(job), "schedule 0, operation 0 (product): depends on a later operation");
  // A reader of another stream must be done before memory is written.
  job = pairs();
  job.schedules[0].operations[1].uses[0].access = Access::read;
  job.schedules[0].operations[2].uses[0].access = Access::write;
  EXPECT_EQ(problem_of(job), "");
  job.schedules[0].operations[2].after.clear();
  EXPECT_EQ(problem_of(job), "schedule 0, operation 2 (product): races with operation 1 (sum)");
}

TEST(StepProblem, FindsAGroupOnTwoStreams) {
  auto job = pairs();
  auto& operations = job.schedules[0].operations;
  operations.push_back(operations[1]);
  operations.back().stream = compute;
  EXPECT_EQ(problem_of(job),
            "schedule 0, operation 3 (sum): group pair is used on streams wire and compute");
}

TEST(StepProblem, FindsCollectivesThatDiffer) {
  auto job = pairs();
  job.distinct = {{2, 1}};
  job.schedules.push_back(summing());
  EXPECT_EQ(problem_of(job), "");
  std::get<Collect>(job.schedules[1].works[1].what).count = 7;
  EXPECT_EQ(problem_of(job), "group pair: collective 0 is sum in schedule 0, another sum in 1");
  job.schedules[1].operations.pop_back();
  job.schedules[1].operations.pop_back();
  EXPECT_EQ(problem_of(job), "group pair: 1 collectives in schedule 0, 0 in schedule 1");
  // Ranks 0 and 1 differ from 2 and 3, which they never meet.
  job.distinct = {{2, 2}};
  EXPECT_EQ(problem_of(job), "");
}

TEST(StepProblem, FindsMessagesThatDoNotMatch) {
  auto job = handover();
  std::get<Message>(job.schedules[1].works[0].what).count = 7;
  EXPECT_EQ(problem_of(job),
            "group pair: from place 0 to 1: message 0 has 8 elements of bf16, 7 of bf16 are "
            "expected");
  job = handover();
  job.schedules[0].operations.push_back(job.schedules[0].operations[1]);
  EXPECT_EQ(problem_of(job), "group pair: from place 0 to 1: 2 sends, 1 receives");
  job = handover();
  std::get<Message>(job.schedules[0].works[1].what).peer = 0;
  EXPECT_EQ(problem_of(job), "group pair: from place 0 to 0: no such peer");
}

TEST(StepProblem, FindsRanksThatWaitForOneAnother) {
  // Both receive before they send, on one stream.
  Job job{2, {"wire"}, {{"to", "x", {2, 1}}, {"fro", "x", {2, 1}}}, {{2, 1}}, {}};
  for (const int rank : {0, 1}) {
    Builder build(1);
    const auto in = build.buffer("x", DataType::bf16, 8),
               out = build.buffer("x", DataType::bf16, 8);
    const auto to = static_cast<std::uint32_t>(rank), from = 1 - to;
    build.add(0, {"receive", Message{Message::Way::receive, from, 1 - rank, 8}}, {write(in)});
    build.add(0, {"send", Message{Message::Way::send, to, 1 - rank, 8}}, {read(out)});
    job.schedules.push_back(build.done());
  }
  EXPECT_EQ(problem_of(job), "schedule 0, operation 0 (receive): waits for ever");
  std::swap(job.schedules[1].operations[0], job.schedules[1].operations[1]);
  EXPECT_EQ(problem_of(job), "");
}

TEST(StepProblem, FindsAGroupThatReachesBeyondTheJob) {
  auto job = pairs();
  job.groups[0].axis = {2, 3};  // of ranks 0 and 3; 1 and 2 would need 4 and 5
  EXPECT_EQ(problem_of(job), "rank 1 uses group pair, which it is not in");
}

TEST(Step, GroupsFollowFromTheirAxis) {
  const Group group{"dp", "dp", {3, 4}};
  EXPECT_THAT(members(group, 5, 24), ElementsAre(1, 5, 9));
  EXPECT_THAT(members(group, 23, 24), ElementsAre(15, 19, 23));
  EXPECT_THAT(members(group, 12, 20), IsEmpty());
  Job job{8, {}, {}, {{2, 4}, {2, 1}}, std::vector<Schedule>(4)};
  EXPECT_EQ(schedule_of(job, 5), 3U);
  EXPECT_EQ(shares(job)[1].first, 4);
  EXPECT_EQ(shares(job)[3].ranks, 2);
}

TEST(Step, CountsFlopsAndBytes) {
  EXPECT_THAT(flops({"", Gemm{{{2, 3, 4}, {1, 3, 4}}}}), DoubleEq(72));
  const Attention causal{1, 8, 8, 2, 1, 16, 16};
  EXPECT_THAT(flops({"", causal}), DoubleEq(4 * 2 * 16 * 8 * 4));
  auto windowed = causal;
  windowed.window = 4;  // 4 − 16/16 = 3 on average
  EXPECT_THAT(flops({"", windowed}), DoubleEq(4 * 2 * 16 * 8 * 3));
  windowed.backward = true;
  EXPECT_THAT(flops({"", windowed}), DoubleEq(2 * 4 * 2 * 16 * 8 * 3));
  const auto bytes = [](Collective collective) {
    const auto found = traffic({"", Collect{collective, 0, 10}}, 0, 4);
    return std::vector{found.message, found.sent};
  };
  EXPECT_THAT(bytes(Collective::all_reduce), ElementsAre(20, 30));
  EXPECT_THAT(bytes(Collective::all_gather), ElementsAre(80, 60));
  EXPECT_THAT(bytes(Collective::reduce_scatter), ElementsAre(80, 60));
  EXPECT_THAT(bytes(Collective::all_to_all), ElementsAre(80, 60));
  EXPECT_THAT(bytes(Collective::send_recv), ElementsAre(20, 20));
  EXPECT_EQ(traffic(message(Message::Way::send, 1), 0, 2).sent, 16);
  EXPECT_EQ(traffic(message(Message::Way::receive, 1), 0, 2).sent, 0);
}

TEST(Step, WithoutOverlapComputeAndCollectivesTakeTurns) {
  Builder build(3);
  const auto buffer = [&build] { return build.buffer("x", DataType::bf16, 8); };
  build.add(compute, gemm(), {write(buffer())});
  build.add(wire, sum(), {update(buffer())});
  build.add(2, message(Message::Way::receive, 1), {write(buffer())});
  build.add(compute, gemm(), {write(buffer())});
  build.add(compute, gemm(), {write(buffer())});
  const auto job = serial({2, {}, {}, {}, {build.done()}});
  const auto after = [&job](std::size_t i) { return job.schedules[0].operations[i].after; };
  EXPECT_THAT(after(1), ElementsAre(0));
  EXPECT_THAT(after(2), IsEmpty());
  EXPECT_THAT(after(3), ElementsAre(1));
  EXPECT_THAT(after(4), IsEmpty()) << "its stream has waited";
}

/// Rank 0 gets two messages beside a sum; rank 1 sends them when it has the sum.
Job held_up() {
  Job job{
      2, {"compute", "wire", "line"}, {{"all", "x", {2, 1}}, {"line", "x", {2, 1}}}, {{2, 1}}, {}};
  for (const auto way : {Message::Way::receive, Message::Way::send}) {
    Builder build(3);
    const auto total = build.buffer("x", DataType::bf16, 8);
    const bool sends = way == Message::Way::send;
    const auto pass = [&] {
      const auto passed = build.buffer("x", DataType::bf16, 8);
      build.add(2, {"message", Message{way, 1, sends ? 0 : 1, 8}},
                sends ? std::vector{read(total), read(passed)} : std::vector{write(passed)});
    };
    for (int i = 0; i < 2 && !sends; ++i) pass();
    build.add(wire, sum(), {update(total)});
    for (int i = 0; i < 2 && sends; ++i) pass();
    job.schedules.push_back(build.done());
  }
  return job;
}

TEST(Step, WhereCommunicationsTakeTurnsToBeginAMessageCanHoldUpACollective) {
  auto job = held_up();
  EXPECT_EQ(problem_of(job), "");
  EXPECT_EQ(problem_of(begun_in_turn(job)), "schedule 0, operation 0 (message): waits for ever");
  auto& receives = job.schedules[0].operations;
  std::swap(receives[1], receives[2]);
  EXPECT_EQ(problem_of(begun_in_turn(job)), "") << "one message has begun, and the other waits";
}

TEST(Step, WhatBeginsInItsTurnWaitsForWhatTheOnesBeforeWaitedFor) {
  Builder build(3);
  const auto buffer = [&build] { return build.buffer("x", DataType::bf16, 8); };
  const auto first = buffer();
  build.add(compute, gemm(), {write(first)});
  build.add(wire, sum(), {update(first)});
  build.add(compute, gemm(), {write(buffer())});
  build.add(2, message(Message::Way::receive, 1), {write(buffer())});
  build.add(wire, sum(), {update(first)});
  const auto job = begun_in_turn({2, {"compute", "wire", "line"}, {}, {}, {build.done()}});
  const auto after = [&job](std::size_t i) { return job.schedules[0].operations[i].after; };
  EXPECT_THAT(after(1), ElementsAre(0));
  EXPECT_THAT(after(2), IsEmpty());
  EXPECT_THAT(after(3), ElementsAre(0)) << "as the sum before it";
  EXPECT_THAT(after(4), ElementsAre(0));
}

class Unit : public Durations {
  double operator()(const Work&) const override { return 1; }
};

TEST(Step, OperationsEndWhenTheirTurnIsOver) {
  EXPECT_THAT(ends(handover(), Unit()), ElementsAre(ElementsAre(1, 2), ElementsAre(2, 3)));
  const auto account = account_of(handover());
  EXPECT_THAT(account.gemm_flops, DoubleEq(2 * 240));
  EXPECT_THAT(account.ideal_bubble, DoubleEq(0.5));
  EXPECT_EQ(account.ranks[0].dimension("x").operations, 1U);
  EXPECT_EQ(account.ranks[0].memory_bytes(), 16);
}

}  // namespace
}  // namespace assay::step

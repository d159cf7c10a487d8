// What a step sends, per dimension, against the table of volumes: T tokens of a micro-batch on a
// rank, X = T·h·2 bytes, per layer and micro-batch unless it says otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "harness/schedule/step_account.hpp"
#include "harness/schedule/step_order.hpp"
#include "harness/schedule/training/generate.hpp"
#include "tests/unit/training_files.hpp"

namespace assay::training {
namespace {

using test::model;

constexpr double tokens = 128, hidden = 256, x = tokens * hidden * 2;
constexpr double layers = 4, micro_batches = 2;

/// tiny in bf16 on as few ranks as there are parts; two micro-batches.
Layout layout_of(int tp, int cp, int pp, int dp) {
  Layout layout;
  layout.name = "test";
  layout.tp = tp;
  layout.cp = cp;
  layout.pp = pp;
  layout.dp = dp;
  layout.sequence = static_cast<std::uint64_t>(tokens) * static_cast<std::uint64_t>(cp);
  layout.global_batch = 2 * static_cast<std::uint64_t>(dp);
  return layout;
}

step::Account account(const Layout& layout, const char* of = "tiny") {
  const auto job = generate(model(of), layout);
  EXPECT_EQ(step::problem_of(job), "");
  return step::account_of(job);
}

step::Dimension dimension(const Layout& layout, const char* label, const char* of = "tiny") {
  return account(layout, of).ranks.front().dimension(label);
}

TEST(Volume, TensorParallelReducesFourTimes) {
  const auto found = dimension(layout_of(2, 1, 1, 1), "tp");
  // Beside the layers': embedding forward, logits backward; three numbers per token of the loss.
  EXPECT_EQ(found.operations, micro_batches * (4 * layers + 2 + 3));
  EXPECT_EQ(found.message_bytes, micro_batches * ((4 * layers + 2) * x + 3 * 4 * tokens));
}

TEST(Volume, SequenceParallelGathersAndScattersTenTimes) {
  auto layout = layout_of(2, 1, 1, 1);
  layout.sequence_parallel = true;
  const auto found = dimension(layout, "tp");
  // Embedding: RS forward, AG backward. Logits: AG forward, RS backward.
  EXPECT_EQ(found.operations, micro_batches * (10 * layers + 4 + 3));
  EXPECT_EQ(found.message_bytes, micro_batches * ((10 * layers + 4) * x + 3 * 4 * tokens));
}

TEST(Volume, RecomputingRepeatsItsCommunication) {
  auto layout = layout_of(2, 1, 1, 1);
  const auto before = account(layout);
  layout.recompute = Recompute::full;
  const auto full = account(layout);
  EXPECT_EQ(full.ranks[0].dimension("tp").operations - before.ranks[0].dimension("tp").operations,
            micro_batches * 2 * layers);
  const auto logits = 2 * tokens * hidden * 1024 * micro_batches;
  EXPECT_DOUBLE_EQ(full.repeated_flops, before.model_flops() / 3 - logits);
  EXPECT_EQ(full.model_flops(), before.model_flops());
  EXPECT_LT(full.ranks[0].memory_bytes("activations"), before.ranks[0].memory_bytes("activations"));
  layout.recompute = Recompute::selective;
  const auto selective = account(layout);
  EXPECT_DOUBLE_EQ(selective.repeated_flops, before.attention_flops / 3);
  EXPECT_LT(selective.ranks[0].memory_bytes("activations"),
            before.ranks[0].memory_bytes("activations"));
}

/// 2·b·S·κ·d·2 bytes, c − 1 times forward, twice as often backward.
TEST(Volume, ContextParallelSendsKeysAndValuesRound) {
  const double chunk = 2 * tokens * 2 * 64 * 2;
  const auto found = dimension(layout_of(1, 4, 1, 1), "cp");
  EXPECT_EQ(found.operations, micro_batches * layers * 3 * 3);
  EXPECT_EQ(found.message_bytes, micro_batches * layers * 3 * 3 * chunk);
}

TEST(Volume, ContextParallelGathersKeysAndValues) {
  const double chunk = 2 * tokens * 2 * 64 * 2;
  auto layout = layout_of(1, 4, 1, 1);
  layout.context = ContextWay::all_gather;
  const auto found = dimension(layout, "cp");
  EXPECT_EQ(found.operations, micro_batches * layers * 2);
  EXPECT_EQ(found.message_bytes, micro_batches * layers * 2 * 4 * chunk);
}

/// Every hop: X, or X/t under sequence parallelism.
TEST(Volume, PipelineSendsEveryChunksOutput) {
  auto layout = layout_of(2, 1, 2, 1);
  for (const int vp : {1, 2})
    for (const int parts : {1, 2}) {
      layout.vp = vp;
      layout.sequence_parallel = parts > 1;
      const auto found = account(layout);
      double sent = 0;
      for (const auto& rank : found.ranks) sent += rank.dimension("pp").sent_bytes;
      EXPECT_EQ(sent, micro_batches * 2 * (2 * vp - 1) * x / parts) << vp << parts;
    }
}

/// Per step: ψ gradients, in fp32.
TEST(Volume, DataParallelReducesGradients) {
  const auto found = account(layout_of(1, 1, 1, 2));
  const auto dp = found.ranks[0].dimension("dp");
  EXPECT_EQ(dp.message_bytes, 4 * found.parameters);
  EXPECT_GE(dp.operations, 2U) << "the first bucket is a small one";
  EXPECT_EQ(found.ranks[0].memory_bytes("weights"), 2 * found.parameters);
  EXPECT_EQ(found.ranks[0].memory_bytes("gradients"), 4 * found.parameters);
  EXPECT_EQ(found.ranks[0].memory_bytes("optimizer"), 12 * found.parameters);
  EXPECT_EQ(found.ranks[0].dimension("world").message_bytes, 4) << "the gradients' norm";
}

/// Over dp·cp: RS of 4ψ, AG of 2ψ.
TEST(Volume, Zero1ScattersGradientsAndGathersWeights) {
  auto layout = layout_of(1, 2, 1, 2);
  layout.zero1 = true;
  const auto found = account(layout);
  EXPECT_EQ(found.ranks[0].dimension("dp").message_bytes, (4 + 2) * found.parameters);
  EXPECT_EQ(found.ranks[0].dimension("dp").sent_bytes, (4 + 2) * found.parameters * 3 / 4);
  EXPECT_EQ(found.ranks[0].memory_bytes("optimizer"), 12 * found.parameters / 4);
}

/// T·k·h·2 bytes, of which (EP − 1)/EP leave the rank; 2 forward, 2 backward; before, the counts.
TEST(Volume, ExpertsExchangeTokens) {
  auto layout = layout_of(1, 1, 1, 4);
  layout.ep = 4;
  const auto found = dimension(layout, "ep", "tiny-moe");
  const double counts = 8 * 8;
  EXPECT_EQ(found.operations, micro_batches * layers * 5);
  EXPECT_EQ(found.message_bytes, micro_batches * layers * (4 * 2 * x + counts));
  EXPECT_EQ(found.sent_bytes, micro_batches * layers * (4 * 2 * x + counts) * 3 / 4);
}

/// Skewed routing shows in what ranks send, compute and hold.
TEST(Volume, AHotRankHasMoreOfEverything) {
  auto layout = layout_of(1, 1, 1, 4);
  layout.ep = 4;
  layout.routing = {RoutingKind::hot_rank, 4};
  const auto found = account(layout, "tiny-moe");
  ASSERT_EQ(found.ranks.size(), 4U);
  const auto &hot = found.ranks[0], &other = found.ranks[1];
  EXPECT_GT(hot.dimension("ep").message_bytes, 1.5 * other.dimension("ep").message_bytes);
  EXPECT_GT(hot.gemm_flops, 1.1 * other.gemm_flops);
  EXPECT_GT(hot.memory_bytes("activations"), other.memory_bytes("activations"));
  EXPECT_GT(found.ideal_bubble, 0.1);
}

/// Layers of different draws share their workspace.
TEST(Memory, OfTheWorkspaceDoesNotGrowWithLayers) {
  const auto workspace = [](std::uint64_t layers_of_model) {
    auto layout = layout_of(1, 1, 1, 4);
    layout.ep = 4;
    layout.routing = {RoutingKind::dirichlet, 14, 1};
    auto deep = model("tiny-moe");
    deep.layers = layers_of_model;
    return step::account_of(generate(deep, layout)).ranks[0].memory_bytes("workspace");
  };
  EXPECT_LT(workspace(16), 1.6 * workspace(4));
}

/// Indices of the operations of that name.
std::vector<std::uint32_t> named(const step::Schedule& schedule, std::string_view name) {
  std::vector<std::uint32_t> found;
  for (std::uint32_t i = 0; i < schedule.operations.size(); ++i)
    if (schedule.works[schedule.operations[i].work].name == name) found.push_back(i);
  return found;
}

/// Whether an operation called `later` cannot begin before the latest one called `earlier` that was
/// issued before it is complete: directly, or by way of others.
bool waits(const step::Schedule& schedule, std::string_view later, std::string_view earlier) {
  const auto before = named(schedule, earlier);
  const auto operations = named(schedule, later);
  EXPECT_FALSE(before.empty()) << earlier;
  EXPECT_FALSE(operations.empty()) << later;
  std::size_t streams = 0;
  for (const auto& operation : schedule.operations)
    streams = std::max<std::size_t>(streams, operation.stream + 1U);
  step::Clocks clocks(streams);
  for (const auto& operation : schedule.operations) clocks.add(operation.stream, operation.after);
  return std::any_of(operations.begin(), operations.end(), [&](auto i) {
    const auto next = std::lower_bound(before.begin(), before.end(), i);
    if (next == before.begin()) return false;
    const auto latest = *std::prev(next);
    return clocks.ordered(latest, schedule.operations[latest].stream, i);
  });
}

TEST(Overlap, SharedExpertsRunUnderTheExchange) {
  auto layout = layout_of(1, 1, 1, 2);
  layout.ep = 2;
  auto small = model("tiny-moe");
  small.experts->shared_ffn = 128;
  const auto schedule = generate(small, layout).schedules[0];
  EXPECT_TRUE(waits(schedule, "experts up", "dispatch"));
  EXPECT_FALSE(waits(schedule, "shared up", "dispatch"));
}

/// Of tensor parallelism only what the next operation needs is in its way.
TEST(Overlap, WeightGradientsHideTheReductionOfTheInputs) {
  auto layout = layout_of(2, 1, 1, 1);
  for (const bool parts : {false, true}) {
    layout.sequence_parallel = parts;
    const auto schedule = generate(model("tiny"), layout).schedules[0];
    EXPECT_TRUE(waits(schedule, "attention in gradient", "qkv dgrad"));
    EXPECT_TRUE(waits(schedule, "norm backward", "attention in gradient"));
    EXPECT_FALSE(waits(schedule, "qkv wgrad", "attention in gradient"));
    EXPECT_FALSE(waits(schedule, "up wgrad", "up gradient"));
    if (!parts) continue;
    EXPECT_TRUE(waits(schedule, "qkv wgrad", "attention in again"));
    EXPECT_FALSE(waits(schedule, "qkv dgrad", "attention in again"));
  }
}

TEST(Overlap, GradientsAreReducedUnderTheBackwardPass) {
  const auto schedule = generate(model("tiny"), layout_of(1, 1, 1, 2)).schedules[0];
  EXPECT_LT(named(schedule, "gradients").front(), named(schedule, "qkv wgrad").back());
  EXPECT_TRUE(waits(schedule, "optimizer", "gradient norm"));
  EXPECT_TRUE(waits(schedule, "gradient norm", "gradients"));
}

std::vector<int> group_of(const step::Job& job, const char* name, int rank) {
  for (const auto& group : job.groups)
    if (group.name == name) return step::members(group, rank, job.ranks);
  ADD_FAILURE() << name;
  return {};
}

/// tp-cp-ep-dp-pp, tp the fastest; experts refold the ranks of a stage.
TEST(Groups, AreInMegatronsOrder) {
  auto layout = layout_of(2, 2, 2, 3);
  layout.sequence_parallel = true;
  layout.ep = 4;
  const auto job = generate(model("tiny-moe"), layout);
  EXPECT_EQ(job.ranks, 24);
  using testing::ElementsAre;
  EXPECT_THAT(group_of(job, "tp", 9), ElementsAre(8, 9));
  EXPECT_THAT(group_of(job, "cp", 9), ElementsAre(9, 11));
  EXPECT_THAT(group_of(job, "dp", 9), ElementsAre(1, 3, 5, 7, 9, 11)) << "with cp";
  EXPECT_THAT(group_of(job, "ep", 9), ElementsAre(8, 9, 10, 11));
  EXPECT_THAT(group_of(job, "dp of experts", 9), ElementsAre(1, 5, 9));
  EXPECT_THAT(group_of(job, "pp forward 0", 9), ElementsAre(9, 21));
}

/// What a stage sends never queues behind what it receives.
TEST(Groups, OfNeighboursGoOneWayOnEachRank) {
  for (const int pp : {2, 3, 4, 5}) {
    auto layout = layout_of(1, 1, pp, 1);
    layout.vp = 2;
    layout.layers.assign(2 * static_cast<std::size_t>(pp), 0);
    layout.layers.front() = 4;
    layout.global_batch = 2 * static_cast<std::uint64_t>(pp);
    for (const auto& schedule : generate(model("tiny"), layout).schedules) {
      std::map<std::uint32_t, step::Message::Way> ways;
      for (const auto& work : schedule.works) {
        const auto* message = std::get_if<step::Message>(&work.what);
        if (message == nullptr) continue;
        EXPECT_EQ(ways.emplace(message->group, message->way).first->second, message->way) << pp;
      }
    }
  }
}

}  // namespace
}  // namespace assay::training

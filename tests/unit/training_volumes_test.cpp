// What a step sends, per dimension, against the table of volumes: T tokens of a micro-batch on a
// rank, X = T·h·2 bytes, per layer and micro-batch unless it says otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "harness/schedule/step_account.hpp"
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

/// Shared experts run while tokens travel: neither waits for the other.
TEST(Schedule, SharedExpertsRunUnderTheExchange) {
  auto layout = layout_of(1, 1, 1, 2);
  layout.ep = 2;
  auto small = model("tiny-moe");
  small.experts->shared_ffn = 128;
  const auto job = generate(small, layout);
  const auto& schedule = job.schedules[0];
  std::size_t dispatch = 0;
  for (std::size_t i = 0; i < schedule.operations.size(); ++i) {
    const auto& operation = schedule.operations[i];
    const auto& name = schedule.works[operation.work].name;
    if (name == "dispatch") dispatch = i;
    const bool waits = std::count(operation.after.begin(), operation.after.end(), dispatch) > 0;
    if (name == "shared up" || name == "experts up") {
      EXPECT_EQ(waits, name == "experts up") << i;
    }
  }
}

}  // namespace
}  // namespace assay::training

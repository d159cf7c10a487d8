// Schedules against published figures: what a model has, what a step computes and sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/schedule/step_account.hpp"
#include "harness/schedule/training/generate.hpp"
#include "tests/unit/training_files.hpp"

namespace assay::training {
namespace {

using test::model;
using test::training_layout;

step::Account account(const Model& of, const Layout& layout) {
  const auto job = generate(of, layout);
  EXPECT_EQ(step::problem_of(job), "");
  return step::account_of(job);
}

/// One rank, one sequence.
Layout alone(std::uint64_t sequence) {
  Layout layout;
  layout.name = "alone";
  layout.sequence = sequence;
  return layout;
}

/// As it is published, and half of its last digit; more where that was rounded twice.
struct Figure {
  double value, within;
};

struct Published {
  const char* model;
  Figure parameters;  ///< with embedding, without norms, in 10^9
  Figure active;      ///< in matrix products per token, in 10^9
  Figure gflop_per_token;
  std::uint64_t sequence;
};

void PrintTo(const Published& published, std::ostream* out) { *out << published.model; }

class Size : public testing::TestWithParam<Published> {};

TEST_P(Size, HasThePublishedSize) {
  const auto& published = GetParam();
  const auto found = account(model(published.model), alone(published.sequence));
  const auto tokens = static_cast<double>(published.sequence);
  const auto meets = [](double value, Figure figure) {
    EXPECT_NEAR(value / 1e9, figure.value, figure.within);
  };
  meets(found.parameters, published.parameters);
  meets(found.gemm_flops / 6 / tokens, published.active);
  meets(found.model_flops() / tokens, published.gflop_per_token);
  EXPECT_EQ(found.repeated_flops, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Published, Size,
    testing::Values(Published{"gpt-3-175b", {175.2, 0.05}, {174.6, 0.05}, {1062, 0.5}, 2048},
                    Published{"llama-3.1-8b", {8.03, 0.005}, {7.50, 0.005}, {51.5, 0.05}, 8192},
                    Published{"llama-3.1-70b", {70.6, 0.05}, {69.5, 0.05}, {449, 0.5}, 8192},
                    Published{"llama-3.1-405b", {405.9, 0.05}, {403.8, 0.06}, {2524, 0.5}, 8192},
                    Published{"mixtral-8x7b", {46.7, 0.05}, {12.8, 0.06}, {79.7, 0.05}, 4096},
                    Published{"mixtral-8x22b", {140.6, 0.05}, {39.0, 0.05}, {242, 0.5}, 4096},
                    Published{"grok-1", {315.7, 0.05}, {83.8, 0.05}, {522, 0.5}, 8192},
                    Published{"gpt-oss-120b", {116.8, 0.05}, {5.13, 0.005}, {32.7, 0.05}, 4096},
                    Published{"deepseek-v3", {671.0, 0.05}, {36.6, 0.05}, {250.5, 0.06}, 4096}));

/// To the last parameter, norms included (as the published checkpoints have it).
TEST(Model, HasEveryParameter) {
  EXPECT_EQ(account(model("llama-3.1-8b"), alone(64)).parameters, 8'030'261'248);
  EXPECT_EQ(account(model("llama-3.1-70b"), alone(64)).parameters, 70'553'706'496);
  EXPECT_EQ(account(model("llama-3.1-405b"), alone(64)).parameters, 405'853'388'800);
}

/// What README says of it: the counts of the first stage, the memory of the fullest of 1,024 ranks.
TEST(Account, OfTheWhole405B) {
  const auto found =
      account(model("llama-3.1-405b"), training_layout("llama-3.1-405b-tp8-pp8-cp2-vp8"));
  const auto fullest = std::max_element(
      found.ranks.begin(), found.ranks.end(),
      [](const auto& a, const auto& b) { return a.memory_bytes() < b.memory_bytes(); });
  EXPECT_EQ(found.parameters, 405'853'388'800);
  EXPECT_NEAR(found.model_flops() / (512. * 8192) / 1e9, 2524, 0.5);
  const auto& first = found.ranks.front();
  EXPECT_EQ(first.dimension("tp").operations, 9728U);
  EXPECT_EQ(first.dimension("cp").operations, 2880U);
  EXPECT_EQ(first.dimension("pp").operations, 1920U);
  EXPECT_EQ(first.dimension("dp").operations, 106U);
  EXPECT_NEAR(fullest->memory_bytes() / 1e9, 80.4, 0.05);
  EXPECT_NEAR(fullest->memory_bytes("weights") / 1e9, 12.8, 0.05);
  EXPECT_NEAR(fullest->memory_bytes("gradients") / 1e9, 25.5, 0.05);
  EXPECT_NEAR(fullest->memory_bytes("optimizer") / 1e9, 4.8, 0.05);
  EXPECT_NEAR(fullest->memory_bytes("activations") / 1e9, 36.8, 0.05);
  EXPECT_NEAR(fullest->memory_bytes("workspace") / 1e9, 0.5, 0.05);
}

/// However it is spread, the model is the same and so is its work.
TEST(Model, IsTheSameUnderEveryLayout) {
  const auto spread = [](const char* name, auto change) {
    auto layout = training_layout(name);
    change(layout);
    return layout;
  };
  const auto same = [](const Model& of, const Layout& layout) {
    const auto whole = account(of, alone(layout.sequence)), found = account(of, layout);
    const auto batch = static_cast<double>(layout.global_batch);
    EXPECT_NEAR(found.parameters / whole.parameters, 1, 1e-9);
    EXPECT_NEAR(found.model_flops() / whole.model_flops() / batch, 1, 1e-9);
  };
  for (int sequence_parallel : {0, 1})
    for (const int zero1 : {0, 1})
      same(model("tiny"), spread("tiny-tp2-pp2-dp2", [&](Layout& layout) {
             layout.sequence_parallel = sequence_parallel != 0;
             layout.zero1 = zero1 != 0;
             layout.vp = 2;
           }));
  for (const auto way : {ContextWay::ring, ContextWay::all_gather})
    same(model("tiny"), spread("tiny-dp2", [&](Layout& layout) {
           layout.cp = 4;
           layout.context = way;
         }));
  for (const auto kind : {RoutingKind::even, RoutingKind::zipf, RoutingKind::hot_rank})
    for (const int tp : {1, 2})
      same(model("tiny-moe"), spread("tiny-moe-ep4", [&](Layout& layout) {
             layout.routing.kind = kind;
             layout.routing.parameter = 2;
             layout.tp = tp;
             layout.sequence_parallel = tp > 1;
           }));
  auto tied = model("tiny");
  tied.tied = true;
  same(tied, training_layout("tiny-tp2-pp2-dp2"));
}

/// Blocks of an all_to_all_v are drawn anew: alike, not the same object.
bool same_work(step::Work own, step::Work shared, int ranks) {
  auto* of_own = std::get_if<step::Collect>(&own.what);
  auto* of_shared = std::get_if<step::Collect>(&shared.what);
  if (of_own != nullptr && of_shared != nullptr && of_own->counts && of_shared->counts) {
    for (int from = 0; from < ranks; ++from)
      for (int to = 0; to < ranks; ++to)
        if ((*of_own->counts)(from, to) != (*of_shared->counts)(from, to)) return false;
    of_own->counts = of_shared->counts;
  }
  return own == shared;
}

bool same_operation(const step::Operation& own, const step::Operation& shared) {
  const auto same_use = [](const step::Use& a, const step::Use& b) {
    return a.access == b.access && a.slice.buffer == b.slice.buffer &&
           a.slice.first == b.slice.first && a.slice.count == b.slice.count;
  };
  return own.work == shared.work && own.scope == shared.scope && own.stream == shared.stream &&
         own.repeated == shared.repeated && own.after == shared.after &&
         std::equal(own.uses.begin(), own.uses.end(), shared.uses.begin(), shared.uses.end(),
                    same_use);
}

/// Where every rank makes its own, it is that of the job.
TEST(Model, GivesEveryRankItsSchedule) {
  auto layout = training_layout("tiny-moe-ep4");
  layout.pp = 2;
  const auto job = generate(model("tiny-moe"), layout);
  for (int rank = 0; rank < job.ranks; ++rank) {
    const auto own = generate(model("tiny-moe"), layout, rank);
    const auto& shared = job.schedules[step::schedule_of(job, rank)];
    ASSERT_EQ(own.operations.size(), shared.operations.size());
    ASSERT_EQ(own.works.size(), shared.works.size());
    for (std::size_t i = 0; i < own.works.size(); ++i)
      EXPECT_TRUE(same_work(own.works[i], shared.works[i], layout.ep)) << own.works[i].name;
    for (std::size_t i = 0; i < own.operations.size(); ++i)
      EXPECT_TRUE(same_operation(own.operations[i], shared.operations[i])) << i;
  }
}

TEST(Model, OddPipelinesCloseTheirRing) {
  auto layout = training_layout("tiny-dp2");
  layout.pp = 3;
  layout.vp = 2;
  layout.layers = {1, 0, 1, 1, 0, 1};
  layout.global_batch = 12;
  const auto closed = generate(model("tiny"), layout);
  EXPECT_EQ(step::problem_of(closed), "");
  EXPECT_EQ(test::unused(closed), "");
  layout.vp = 1;
  layout.layers = {1, 2, 1};
  EXPECT_EQ(test::unused(generate(model("tiny"), layout)), "") << "a ring that does not close";
}

TEST(Layers, CountEmbeddingAndLossWhereTheyMust) {
  const auto layers =
      chunk_layers(model("llama-3.1-405b"), training_layout("llama-3.1-405b-tp8-pp8-cp2-vp8"));
  ASSERT_EQ(layers.size(), 64U);
  EXPECT_EQ(layers.front(), 1U);
  EXPECT_EQ(layers.back(), 1U);
  EXPECT_EQ(std::count(layers.begin(), layers.end(), 2U), 62);
}

/// A model without much but layers, so that all chunks take the same time.
TEST(Bubble, IsTheIdealOne) {
  auto small = model("tiny");
  small.vocab = 2;
  small.layers = 24;
  for (const int pp : {1, 2, 4})
    for (const int vp : {1, 2, 3})
      for (const std::uint64_t m : {4u, 8u}) {
        if (pp == 1 && vp > 1) continue;
        auto layout = alone(64);
        layout.pp = pp;
        layout.vp = vp;
        layout.global_batch = m;
        const double p = pp, ideal = (p - 1) / (vp * static_cast<double>(m) + p - 1);
        EXPECT_NEAR(account(small, layout).ideal_bubble, ideal, 2e-3) << pp << vp << m;
      }
}

/// The first work of that name.
template <typename What>
What work(const step::Schedule& schedule, std::string_view name) {
  for (const auto& work : schedule.works)
    if (work.name == name && std::holds_alternative<What>(work.what))
      return std::get<What>(work.what);
  ADD_FAILURE() << "no " << name;
  return {};
}

void expect_shape(const step::Schedule& schedule, const char* name, step::GemmShape expected) {
  const auto found = work<step::Gemm>(schedule, name).shapes;
  ASSERT_EQ(found.size(), 1U) << name;
  EXPECT_EQ(found[0], expected) << name << ' ' << found[0].m << ' ' << found[0].n << ' '
                                << found[0].k;
}

/// T = 8192/2, (a + 2κ)·d/t = 144·128/8, h = 16384, f = 53248.
TEST(Gemm, ShapesAreThoseOf405B) {
  auto layout = training_layout("llama-3.1-405b-tp8-pp8-cp2-vp8");
  layout.global_batch = 64;
  const auto job = generate(model("llama-3.1-405b"), layout);
  const auto& first = job.schedules.front();
  expect_shape(first, "qkv", {4096, 2304, 16384});
  expect_shape(first, "qkv dgrad", {4096, 16384, 2304});
  expect_shape(first, "qkv wgrad", {2304, 16384, 4096});
  expect_shape(first, "attention out", {4096, 16384, 2048});
  expect_shape(first, "up", {4096, 13312, 16384});
  expect_shape(first, "down", {4096, 16384, 6656});
  expect_shape(first, "down wgrad", {16384, 6656, 4096});
  expect_shape(job.schedules.back(), "logits", {4096, 16032, 16384});
  EXPECT_EQ(work<step::Gemm>(first, "qkv wgrad").output, DataType::fp32);
}

TEST(Gemm, ShapesOfExperts) {
  auto layout = training_layout("mixtral-8x22b-tp2-pp4-ep8");
  layout.ep = 4;
  const auto job = generate(model("mixtral-8x22b"), layout);
  const auto& first = job.schedules.front();
  expect_shape(first, "router", {2048, 8, 6144});
  const auto up = work<step::Gemm>(first, "experts up").shapes;
  ASSERT_EQ(up.size(), 2U) << "E/EP";
  EXPECT_EQ(up[0], (step::GemmShape{2048, 32768, 6144})) << "kT/t of 4 ranks over 8 experts";
  const auto down = work<step::Gemm>(first, "experts down wgrad").shapes;
  EXPECT_EQ(down[1], (step::GemmShape{6144, 16384, 2048}));
}

}  // namespace
}  // namespace assay::training

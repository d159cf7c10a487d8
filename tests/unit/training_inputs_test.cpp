// Models and parallelisms as cases come by them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/plan/plan.hpp"
#include "harness/schedule/training/workload.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/training_files.hpp"

namespace assay::plan {
namespace {

using testing::HasSubstr;

/// One case on so many ranks.
Plan plan_of(int ranks, const std::string& model, const std::string& parallelism,
             const std::string& scaling) {
  Plan plan;
  plan.layouts["world"] = {"world", {{{{{{0, ranks - 1, 1}}}}}}};
  auto& spec = plan.cases.emplace_back();
  spec.layout = "world";
  spec.dims = {{"model", model}, {"parallelism", parallelism}, {"scaling", scaling}};
  for (const auto& name : {"tiny", "tiny-moe"})
    plan.inputs["model"][name] = test::contents(std::string("configs/models/") + name + ".json");
  for (const auto& name : {"tiny-dp2", "tiny-tp2-pp2-dp2", "llama-3.1-405b-tp8-pp8-cp2-vp8"})
    plan.inputs["parallelism"][name] =
        test::contents(std::string("configs/layouts/") + name + ".json");
  return plan;
}

training::Workload workload_of(Plan plan) {
  attach_inputs(plan);
  return plan.cases[0].workload == nullptr ? training::Workload{} : *plan.cases[0].workload;
}

TEST(TrainingInputs, BecomeTheWorkloadOfTheirCase) {
  const auto workload = workload_of(plan_of(8, "tiny-moe", "tiny-tp2-pp2-dp2", "none"));
  EXPECT_EQ(workload.model.name, "tiny-moe");
  EXPECT_EQ(workload.layout.name, "tiny-tp2-pp2-dp2");
  EXPECT_EQ(workload.layout.dp, 2);
}

TEST(TrainingInputs, GrowWithTheRanksOnlyWhereThatIsAskedFor) {
  EXPECT_EQ(workload_of(plan_of(6, "tiny", "tiny-dp2", "none")).layout.dp, 2);
  const auto grown = workload_of(plan_of(6, "tiny", "tiny-dp2", "weak")).layout;
  EXPECT_EQ(grown.dp, 6);
  EXPECT_EQ(grown.global_batch, 24U);
  const auto not_a_multiple = workload_of(plan_of(6, "tiny", "tiny-tp2-pp2-dp2", "weak")).layout;
  EXPECT_EQ(not_a_multiple.dp, 2);
}

/// The trace is called as the layout is that names it.
TEST(TrainingInputs, HaveTheTraceThatTheirRoutingNames) {
  auto plan = plan_of(2, "tiny-moe", "traced", "none");
  plan.inputs["parallelism"]["traced"] = test::contents("configs/layouts/tiny-moe-ep2-trace.json");
  const auto with = [&](const char* csv) {
    auto traced = plan;
    traced.inputs["routing"]["traced"] = csv;
    return traced;
  };
  const auto routing = workload_of(with("8,7,6,5,4,3,2,1\n1,1,1,1,1,1,1,0\n")).layout.routing;
  ASSERT_EQ(routing.trace.size(), 2U);
  EXPECT_EQ(routing.trace[1][7], 0);
  EXPECT_EQ(routing.trace[0][0], 8);
  EXPECT_EQ(test::refusal([&] { workload_of(with("1,2\n")); }),
            "tiny-moe as tiny-moe-ep2-trace: the trace tiny-moe-ep2-trace.csv is of 2 experts; a "
            "line of 8 numbers per layer would fit");
  EXPECT_EQ(test::refusal([&] { workload_of(plan); }),
            "traced: what its routing.file tiny-moe-ep2-trace.csv held is not there; restore the "
            "folder as the run left it");
}

TEST(TrainingInputs, AreRefusedWhereTheyDoNotGoTogether) {
  EXPECT_THAT(test::refusal([] {
                workload_of(plan_of(1024, "tiny", "llama-3.1-405b-tp8-pp8-cp2-vp8", "none"));
              }),
              HasSubstr("tiny as llama-3.1-405b-tp8-pp8-cp2-vp8: 4 heads cannot be divided by"));
  auto broken = plan_of(2, "tiny", "tiny-dp2", "none");
  broken.inputs["model"]["tiny"] = "{}";
  EXPECT_THAT(test::refusal([&] { attach_inputs(broken); }), HasSubstr("tiny: format"));
}

TEST(TrainingInputs, MayBeMissing) {
  auto plan = plan_of(2, "tiny", "tiny-dp2", "none");
  plan.inputs.clear();
  attach_inputs(plan);
  EXPECT_EQ(plan.cases[0].workload, nullptr);
  // A journal may say anything.
  plan = plan_of(2, "tiny", "tiny-dp2", "weak");
  plan.cases[0].dims["model"] = std::int64_t{7};
  attach_inputs(plan);
  EXPECT_EQ(plan.cases[0].workload, nullptr);
  EXPECT_EQ(workload_of([] {
              auto other = plan_of(2, "tiny", "tiny-dp2", "weak");
              other.cases[0].layout = "nowhere";
              return other;
            }())
                .layout.dp,
            2);
}

TEST(Workload, HasASizeForPeople) {
  const auto [parameters, active] = training::size_of(test::model("llama-3.1-8b"));
  EXPECT_EQ(parameters, 8'030'261'248);
  EXPECT_NEAR(active / 1e9, 7.50, 0.005);
  EXPECT_EQ(training::sizes_of(test::training_layout("llama-3.1-405b-tp8-pp8-cp2-vp8")),
            "tp 8 cp 2 pp 8 vp 8 dp 8");
  EXPECT_EQ(training::sizes_of({}), "1 rank");
}

TEST(Workload, TellsHowUnevenItsExpertsComeOut) {
  training::Workload workload{test::model("tiny-moe"), test::training_layout("tiny-moe-ep4")};
  workload.layout.routing = {};
  EXPECT_FALSE(training::skew_of(workload)) << "even";
  workload.layout.routing = {.kind = training::RoutingKind::hot_rank, .parameter = 3};
  const auto skew = training::skew_of(workload);
  ASSERT_TRUE(skew);
  EXPECT_GT(skew->rank_max_over_mean, 1.3);
  EXPECT_GT(skew->expert_gini, 0.1);
  EXPECT_FALSE(training::skew_of({test::model("tiny"), workload.layout}));
}

}  // namespace
}  // namespace assay::plan

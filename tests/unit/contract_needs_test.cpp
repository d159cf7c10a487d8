// What a contract needs measured, and what a given suite must have for it.
#include <gmock/gmock.h>

#include "harness/contract/contract.hpp"
#include "tests/unit/catalogue.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/refusal.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::contract {
namespace {

using test::contract_of;
using test::refusal;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string clause(const std::string& of, const std::string& more) {
  return R"({"id":"x","of":{)" + of + "}," + more + "}";
}
const std::string busbw = R"("metric":"busbw","at_least":"1 GB/s")";

plan::Suite needs_of(const std::string& clauses) {
  return needs(contract_of(clauses), test::catalogue(), "t.json");
}

TEST(Needs, SplitsSmallFromLargeMessages) {
  const auto suite = needs_of(clause(
      R"("benchmark":"all_reduce","layout":["world","node"],"pacing":"stream","bytes":["8","1GiB"])",
      busbw));
  ASSERT_THAT(suite.requests, SizeIs(2));
  const auto& small = suite.requests[0];
  EXPECT_THAT(small.dims.at("bytes"), ElementsAre(DimValue(std::int64_t{8})));
  EXPECT_FALSE(small.protocol.stop.block_length);
  EXPECT_EQ(small.protocol.pilot, 500);
  EXPECT_EQ(small.protocol.stop.blocks, 64);
  EXPECT_EQ(small.protocol.pacing, Pacing::stream);
  EXPECT_THAT(small.layouts, ElementsAre("world", "node"));
  const auto& large = suite.requests[1];
  EXPECT_EQ(large.protocol.stop.block_length, 5);
  EXPECT_EQ(large.protocol.pilot, 20);
  EXPECT_THAT(large.protocol.stop.quantiles, ElementsAre(0.5));
}

TEST(Needs, TailsOfLargeMessagesGetTheShortestBlockThatHoldsThem) {
  const auto suite =
      needs_of(clause(R"("benchmark":"all_reduce","bytes":"1GiB")", R"("q":0.05,)" + busbw));
  EXPECT_EQ(suite.requests.at(0).protocol.stop.block_length, 13);
  EXPECT_THAT(suite.requests[0].protocol.stop.quantiles, ElementsAre(0.05, 0.95));
}

TEST(Needs, WhatTakesLongGetsBlocksOfOneUnlessATailIsAskedFor) {
  auto catalogue = test::catalogue();
  for (auto& info : catalogue) info.takes_long = info.name == "all_reduce";
  const auto protocol_of = [&](const std::string& more) {
    const auto of = clause(R"("benchmark":"all_reduce","bytes":"8")", more);
    return needs(contract_of(of), catalogue, "t.json").requests.at(0).protocol;
  };
  const auto median = protocol_of(R"("q":0.5,)" + busbw);
  EXPECT_EQ(median.stop.block_length, 1);
  EXPECT_EQ(median.pilot, 20);
  EXPECT_EQ(median.warm_up.iterations, 3);
  EXPECT_EQ(median.stop.blocks, 64);
  EXPECT_EQ(protocol_of(R"("q":0.05,)" + busbw).stop.block_length, 13);
}

TEST(Needs, ExpandsARangeOfSizesIntoPowersOfTwo) {
  const auto suite =
      needs_of(clause(R"("benchmark":"all_reduce","bytes":{"min":"3KiB","max":"16KiB"})", busbw));
  EXPECT_THAT(suite.requests.at(0).dims.at("bytes"),
              ElementsAre(DimValue(std::int64_t{4096}), DimValue(std::int64_t{8192}),
                          DimValue(std::int64_t{16384})));
}

TEST(Needs, StricterConfidenceNeedsMoreBlocks) {
  const auto suite = needs_of(
      clause(R"("benchmark":"all_reduce","bytes":"8")", R"("false_accept":0.001,)" + busbw));
  EXPECT_EQ(suite.requests.at(0).protocol.stop.blocks, 66);  // ⌈ln .001 / ln .9⌉
}

TEST(Needs, MeasuresTheReferenceToo) {
  const auto suite = needs_of(clause(
      R"("benchmark":"all_reduce","bytes":"8")",
      R"("metric":"busbw","at_least":{"times":0.1,"metric":"busbw","across":"median","of":{"benchmark":"all_reduce","layout":"pairs","bytes":"1MiB"}})"));
  ASSERT_THAT(suite.requests, SizeIs(2));
  EXPECT_THAT(suite.requests[1].layouts, ElementsAre("pairs"));
}

TEST(Needs, RefusesWhatCannotBePlanned) {
  const auto refused = [](const std::string& of, const std::string& more) {
    return refusal([&] { needs_of(clause(of, more)); });
  };
  EXPECT_EQ(
      refused("\"bytes\":\"8\"", busbw),
      "t.json: clause x: it names no benchmark, so it cannot be planned; add \"benchmark\" to "
      "`of`, or give a suite");
  EXPECT_THAT(
      refused(R"("benchmark":"all_recude")", busbw),
      testing::StartsWith("t.json: clause x: benchmark all_recude is unknown; expected one of"));
  EXPECT_THAT(
      refused(R"("benchmark":"all_reduce")", R"("metric":"flops","at_least":"1 GFLOP/s")"),
      testing::StartsWith("t.json: clause x: all_reduce does not measure flops; it measures"));
  for (const auto* of :
       {R"("benchmark":"copy")", R"("benchmark":"copy","memory":"host")", R"("benchmark":"noop")"})
    EXPECT_THAT(refused(of, R"("metric":"gpu_temperature","at_most":"83 C")"),
                testing::StartsWith("t.json: clause x: gpu_temperature is told of GPUs"))
        << of;
  EXPECT_THAT(refused(R"("benchmark":"all_reduce","m":{"min":8,"max":9})", busbw),
              testing::HasSubstr("the range of m cannot be planned; list the values"));
  EXPECT_THAT(refused(R"("benchmark":"all_reduce","m":8)", busbw),
              testing::HasSubstr("all_reduce has no dimension m; it has"));
  EXPECT_THAT(refused(R"("benchmark":"all_reduce","bytes":{"min":"5B","max":"7B"})", busbw),
              testing::HasSubstr("the range of bytes holds no power of two"));
  EXPECT_THAT(
      refused(R"("benchmark":"all_reduce","op":"sum","type":"fp32","backend":"ncclx")", busbw),
      testing::AnyOf(IsEmpty(), testing::HasSubstr("backend ncclx is unknown")));
}

TEST(Needs, ShippedContractsCanBePlanned) {
  for (const std::string name : {"quickstart", "node-cpu"}) {
    const auto path = "configs/contracts/" + name + ".json";
    const auto contract = parse_contract(test::contents(path), path);
    auto catalogue = test::catalogue();
    EXPECT_EQ(refusal([&] {
                auto suite = needs(contract, catalogue, path);
                auto plan = plan::make_plan(suite, catalogue, stated_topology(2, 2), 1);
                prepare_plan(plan, contract, path);
              }),
              "");
  }
}

plan::Plan plan_with(StopKind kind) {
  plan::Plan plan;
  plan.suite = "mine";
  Case c{.id = "c1", .benchmark = "all_reduce", .dims = {}, .layout = "world", .protocol = {}};
  c.protocol.stop.kind = kind;
  plan.cases.push_back(c);
  return plan;
}

TEST(PreparePlan, AddsTheQuantilesThatClausesAskFor) {
  auto plan = plan_with(StopKind::blocks);
  prepare_plan(plan, contract_of(clause(R"("benchmark":"all_reduce")", R"("q":0.01,)" + busbw)),
               "t.json");
  EXPECT_THAT(plan.cases[0].protocol.stop.quantiles, ElementsAre(0.01, 0.5, 0.99));
}

TEST(PreparePlan, RefusesAClauseThatTheSuiteDoesNotMeasure) {
  auto plan = plan_with(StopKind::blocks);
  const auto contract = contract_of(clause(R"("benchmark":"copy","layout":"each")",
                                           R"("metric":"bandwidth","at_least":"1 GB/s")"));
  EXPECT_EQ(
      refusal([&] { prepare_plan(plan, contract, "t.json"); }),
      "t.json: clause x: no case of suite mine matches benchmark=copy, layout=each; measure it "
      "in the suite, or leave out --suite");
}

TEST(Needs, RefusesARepetitionBeyondAnyPlan) {
  EXPECT_THAT(refusal([] {
                needs_of(clause(R"("benchmark":"noop","repetition":9223372036854775807)",
                                R"("metric":"time","at_most":"1 s")"));
              }),
              testing::HasSubstr("repetition 9223372036854775807 is more than a plan may have"));
}

TEST(PreparePlan, RefusesCasesThatStopByPrecision) {
  auto plan = plan_with(StopKind::precision);
  const auto contract = contract_of(clause(R"("benchmark":"all_reduce")", busbw));
  EXPECT_EQ(
      refusal([&] { prepare_plan(plan, contract, "t.json"); }),
      "t.json: clause x: its cases in suite mine stop by precision, which no verdict may rest "
      "on; stop them by blocks");
}

}  // namespace
}  // namespace assay::contract

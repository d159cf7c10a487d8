#include "harness/app/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/catalogue.hpp"
#include "harness/app/planning.hpp"
#include "harness/core/error.hpp"

namespace assay::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Catalogue catalogue() { return bench::catalogue_of(benchmarks::catalogue()); }

RunOptions options(const char* benchmark) {
  RunOptions o;
  o.benchmarks = {benchmark};
  return o;
}

std::vector<std::int64_t> sizes(const RunOptions& o) {
  std::vector<std::int64_t> values;
  const auto suite = suite_from(o, catalogue());
  for (const auto& value : suite.requests.front().dims.at("bytes"))
    values.push_back(std::get<std::int64_t>(value));
  return values;
}

std::string refusal(const RunOptions& o) {
  try {
    const auto suite = suite_from(o, catalogue());
    for (const auto& request : suite.requests) plan::check(request, catalogue());
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Sizes, AreMultipliedOrAddedTo) {
  auto o = options("all_reduce");
  o.min_bytes = "8";
  o.max_bytes = "1K";
  o.factor = "4";
  EXPECT_THAT(sizes(o), ElementsAre(8, 32, 128, 512));
  o.factor.clear();
  o.step = "500";
  EXPECT_THAT(sizes(o), ElementsAre(8, 508, 1008));
  o.step.clear();
  o.max_bytes.clear();
  EXPECT_THAT(sizes(o), ElementsAre(8));
}

TEST(Sizes, ZeroIsASizeAndEndsASweep) {
  auto o = options("all_reduce");
  o.min_bytes = "0";
  o.max_bytes = "8";
  EXPECT_THAT(sizes(o), ElementsAre(0));
}

TEST(Sizes, BadSweepsAreNamed) {
  auto o = options("all_reduce");
  o.min_bytes = "8";
  o.max_bytes = "4";
  EXPECT_THAT(refusal(o), HasSubstr("-e"));
  o.max_bytes = "1M";
  o.factor = "1";
  EXPECT_THAT(refusal(o), HasSubstr("-f"));
  o.factor = "2";
  o.step = "8";
  EXPECT_THAT(refusal(o), HasSubstr("-f, -i"));
  o.factor.clear();
  o.step = "1";
  EXPECT_THAT(refusal(o), HasSubstr("more than 10000 sizes"));
  o.step.clear();
  o.min_bytes = "8 parsecs";
  EXPECT_THAT(refusal(o), HasSubstr("parsecs"));
}

TEST(Requests, DimensionsABenchmarkLacksAreNamed) {
  auto o = options("copy");
  o.ops = {"sum"};
  EXPECT_THAT(refusal(o), HasSubstr("op"));
  o = options("gemm");
  o.settings = {"m=512,1024", "k=64"};
  const auto suite = suite_from(o, catalogue());
  EXPECT_EQ(suite.requests.front().dims.at("m").size(), 2U);
  o.settings = {"q=1"};
  EXPECT_THAT(refusal(o), HasSubstr("no dimension 'q'"));
  o.settings = {"m"};
  EXPECT_THAT(refusal(o), HasSubstr("DIM=VALUE"));
}

TEST(Requests, WhatTakesLongIsNotDoneHundredsOfTimesBeforehand) {
  auto o = options("training_step");
  const auto protocol = [&] { return suite_from(o, catalogue()).requests.front().protocol; };
  EXPECT_EQ(protocol().warm_up.iterations, 3);
  EXPECT_EQ(protocol().pilot, 20);
  EXPECT_EQ(protocol().stop.block_length, 1);
  o.iterations = 20;
  EXPECT_EQ(protocol().pilot, 0);
  EXPECT_FALSE(protocol().stop.block_length);
  o = options("gemm");
  EXPECT_EQ(protocol().pilot, Protocol{}.pilot);
}

TEST(Requests, WhatIsSaidForSeveralConcernsThoseThatHaveIt) {
  auto o = options("all_reduce");
  o.benchmarks = {"all_reduce", "copy"};
  o.ops = {"max"};
  const auto suite = suite_from(o, catalogue());
  EXPECT_TRUE(suite.requests[0].dims.contains("op"));
  EXPECT_FALSE(suite.requests[1].dims.contains("op"));
}

plan::Suite adjusted(StopKind kind, const RunOptions& o) {
  plan::Suite suite{.name = "mine", .description = {}, .requests = {}};
  suite.requests.resize(2);
  suite.requests[0].protocol.stop.kind = kind;
  suite.requests[1].protocol.stop.kind = StopKind::precision;
  adjust(suite, o);
  return suite;
}

std::string refused_adjustment(StopKind kind, const RunOptions& o) {
  try {
    adjusted(kind, o);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Adjustments, BlocksGoToTheCasesThatStopByThem) {
  RunOptions o;
  o.blocks = 128;
  const auto suite = adjusted(StopKind::blocks, o);
  EXPECT_EQ(suite.requests[0].protocol.stop.blocks, 128);
  EXPECT_EQ(suite.requests[1].protocol.stop.blocks, 64);
  for (const auto kind : {StopKind::iterations, StopKind::time, StopKind::precision})
    EXPECT_THAT(
        refused_adjustment(kind, o),
        testing::StartsWith("--blocks: no case of suite mine stops by blocks; leave it out"));
}

TEST(Adjustments, BlockLengthsGoToTheCasesThatAClauseMayUse) {
  RunOptions o;
  o.block_length = 5;
  for (const auto kind : {StopKind::blocks, StopKind::iterations, StopKind::time}) {
    const auto suite = adjusted(kind, o);
    EXPECT_EQ(suite.requests[0].protocol.stop.block_length, 5);
    EXPECT_EQ(suite.requests[1].protocol.stop.block_length, std::nullopt);
  }
  EXPECT_THAT(refused_adjustment(StopKind::precision, o), testing::StartsWith("--block-length: "));
}

/// Cases of all_reduce.
plan::Plan plan_of(const std::vector<Dims>& cases) {
  plan::Plan plan;
  plan.layouts["world"] = {"world", {{{Group{{{0, 1, 1}}}}}}};
  for (const auto& dims : cases)
    plan.cases.push_back({.benchmark = "all_reduce", .dims = dims, .layout = "world"});
  return plan;
}

TEST(Memory, OfAGpuIsNotTheHosts) {
  const Dims on_gpu{{"bytes", std::int64_t{4} << 20}, {"memory", std::string("device")}};
  const Dims through_nccl{{"bytes", std::int64_t{8} << 20}, {"backend", std::string("nccl")}};
  const Dims on_host{{"bytes", std::int64_t{1} << 20}, {"backend", std::string("mpi")}};
  comm::Backend mpi, nccl;
  mpi.name = "mpi";
  nccl.name = "nccl";
  nccl.memory = device::MemoryKind::device;
  const std::vector backends{mpi, nccl};
  const auto of = [&](const std::vector<Dims>& cases) {
    return memory_per_rank(plan_of(cases), catalogue(), backends, 0);
  };
  EXPECT_EQ(of({on_gpu, on_host}).gpu_messages, 8 << 20);
  EXPECT_EQ(of({on_gpu, on_host}).messages, 2 << 20);
  EXPECT_EQ(of({through_nccl}).gpu_messages, 16 << 20);
  EXPECT_EQ(of({through_nccl}).messages, 0);
  EXPECT_THAT(plan_table({}, stated_topology(2, 2), of({through_nccl}), {}),
              HasSubstr("up to 16.0 MiB of buffers per rank on its GPU"));
}

TEST(Memory, IsThatOfTheMessagesAndOfTheirRotation) {
  const auto memory = memory_per_rank(
      plan_of({{{"bytes", std::int64_t{1} << 20}}, {{"bytes", std::int64_t{1} << 10}}}),
      catalogue(), {}, 1 << 20);
  EXPECT_EQ(memory.of_host(), 5 << 20);
  EXPECT_EQ(memory.gpu_messages, 0);
  EXPECT_THAT(
      plan_table({}, stated_topology(2, 2), memory, {}),
      HasSubstr("up to 5.0 MiB of memory per rank: 2.0 MiB of buffers, 3.0 MiB to rotate"));
}

TEST(Requests, UnknownNamesAreNamed) {
  EXPECT_THAT(refusal(options("all_redice")), HasSubstr("all_redice"));
  auto o = options("all_reduce");
  o.types = {"fp12"};
  EXPECT_THAT(refusal(o), HasSubstr("fp12"));
  o = options("all_reduce");
  o.pacing = "hurried";
  EXPECT_THAT(refusal(o), HasSubstr("hurried"));
}

}  // namespace
}  // namespace assay::app

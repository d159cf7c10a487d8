#include "harness/app/requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/catalogue.hpp"
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

TEST(Requests, WhatIsSaidForSeveralConcernsThoseThatHaveIt) {
  auto o = options("all_reduce");
  o.benchmarks = {"all_reduce", "copy"};
  o.ops = {"max"};
  const auto suite = suite_from(o, catalogue());
  EXPECT_TRUE(suite.requests[0].dims.contains("op"));
  EXPECT_FALSE(suite.requests[1].dims.contains("op"));
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

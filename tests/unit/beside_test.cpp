// What goes on beside a case: its words, its place in a plan, and what is refused.
#include "harness/core/beside.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/plan/json_reader.hpp"
#include "harness/plan/plan.hpp"
#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr const char* whole = "all_to_all:layout=node,bytes=1048576,type=fp32,op=sum";

std::string canonical(std::string_view text) {
  return format_beside(parse_beside(text, "--beside"));
}

TEST(Beside, IsReadInAnyOrderAndWrittenInOne) {
  EXPECT_EQ(canonical("all_to_all:layout=node,bytes=1M"), whole);
  EXPECT_EQ(canonical("all_to_all:bytes=1MiB,layout=node"), whole);
  EXPECT_EQ(canonical(whole), whole);
  EXPECT_EQ(canonical("all_reduce"), "all_reduce:layout=world,bytes=1048576,type=fp32,op=sum");
  EXPECT_EQ(canonical("reduce:layout=split:2,op=max,type=half"),
            "reduce:layout=split:2,bytes=1048576,type=fp16,op=max");
}

TEST(Beside, IsDescribedToPeople) {
  EXPECT_EQ(describe_beside(parse_beside(whole, "")), "all_to_all 1 MiB fp32 node");
  EXPECT_EQ(describe_beside(parse_beside("reduce:op=max,bytes=1000", "")),
            "reduce 1000 B fp32 max world");
}

TEST(Beside, RefusesWhatItDoesNotKnow) {
  for (const auto* text : {"all_to_all:", "all_to_all:bytes", "all_to_all:root=1",
                           "all_to_all:layout=node,", "all_to_all:colour=red"})
    EXPECT_THAT(test::refusal([&] { canonical(text); }),
                HasSubstr("says nothing of what is beside"))
        << text;
  EXPECT_THAT(test::refusal([] { canonical("all_to_all:bytes=x"); }), HasSubstr("--beside"));
  EXPECT_THAT(test::refusal([] { canonical("all_to_all:type=fp99"); }),
              HasSubstr("no element type"));
  EXPECT_THAT(test::refusal([] { canonical("all_to_all:type=tf32"); }),
              HasSubstr("tf32 is a way to multiply, and nothing that is sent; send fp32"));
  EXPECT_THAT(test::refusal([] { canonical("all_to_all:type=bf16_fp32"); }),
              HasSubstr("bf16_fp32 is a way to multiply, and nothing that is sent"));
}

Catalogue catalogue() {
  BenchmarkInfo info;
  info.name = "congestion";
  info.dims = {{"collective", std::string("all_reduce"), {"all_reduce", "all_to_all"}},
               {"bytes", std::int64_t{8}, {}},
               {"beside", canonical("all_to_all"), {}}};
  BenchmarkInfo other;
  other.name = "noop";
  return {info, other};
}

plan::Suite suite_with(const std::string& entry) {
  return plan::parse_suite(
      R"({"format":"assay.suite","schema_version":"0.1.0","name":"s","cases":[)" + entry + "]}",
      catalogue(), "s.json");
}

plan::Plan plan_of(const std::string& entry) {
  return plan::make_plan(suite_with(entry), catalogue(), stated_topology(4, 2), 1);
}

TEST(Beside, InASuiteIsARequestOfItsOwn) {
  const auto plan = plan_of(
      R"({"benchmark":"congestion","layout":"rail","placement":[0,7],
          "beside":[{"benchmark":"all_to_all","layout":"node","bytes":"1MiB"},"all_reduce"]})");
  ASSERT_THAT(plan.cases, SizeIs(4));
  for (const auto* key : {"rail", "node", "world", "rail@7", "node@7", "world@7"})
    EXPECT_TRUE(plan.layouts.contains(key)) << key;
  for (const auto& c : plan.cases) {
    EXPECT_TRUE(plan.layouts.contains(companion_layout(c))) << companion_layout(c);
    EXPECT_EQ(c.layout.ends_with("@7"), companion_layout(c).ends_with("@7"));
    EXPECT_THAT(label(c), HasSubstr("beside all_"));
    const auto json = plan::to_json(c);
    EXPECT_EQ(plan::to_json(plan::case_from_json(json, "f")), json);
  }
}

TEST(Beside, SameWordsAreTheSameCase) {
  const auto plan = plan_of(
      R"({"benchmark":"congestion","beside":["all_to_all:layout=node,bytes=1048576",
          {"benchmark":"all_to_all","bytes":"1MiB","layout":"node"}]})");
  ASSERT_THAT(plan.cases, SizeIs(1));
  EXPECT_EQ(attribute(plan.cases[0], "beside"), DimValue{std::string(whole)});
}

TEST(Beside, IsRefusedWithItsPlace) {
  const auto refused = [](const std::string& beside) {
    return test::refusal([&] { plan_of(R"({"benchmark":"congestion","beside":)" + beside + "}"); });
  };
  EXPECT_THAT(refused(R"({"benchmark":"noop"})"), HasSubstr("\"noop\" cannot go on beside"));
  EXPECT_THAT(refused(R"({"benchmark":"all_to_all","layout":"moon"})"),
              HasSubstr("\"moon\" is no layout"));
  EXPECT_THAT(refused(R"({"benchmark":"all_to_all","colour":"red"})"), HasSubstr("beside.colour"));
  EXPECT_THAT(refused(R"({"benchmark":"all_to_all","layout":"node,bytes=4"})"),
              HasSubstr("beside.layout: \"node,bytes=4\" is no name"));
  EXPECT_THAT(refused(R"({"benchmark":"all_to_all:layout=node"})"), HasSubstr("is no name"));
  EXPECT_THAT(refused(R"({"benchmark":"all_to_all","bytes":"1M"})"), HasSubstr("beside.bytes"));
  EXPECT_THAT(refused(R"("all_to_all:bytes=7")"),
              HasSubstr("beside.bytes: 7 bytes is no multiple of 4"));
  EXPECT_THAT(test::refusal([] { plan_of(R"({"benchmark":"noop","beside":"all_to_all"})"); }),
              HasSubstr("no such dimension"));
}

}  // namespace
}  // namespace assay

#include "harness/plan/plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/plan/json_reader.hpp"
#include "tests/unit/catalogue.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::plan {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

DimValue number(std::int64_t value) { return value; }

Request all_reduce(std::vector<DimValue> bytes) {
  return {.benchmark = "all_reduce",
          .dims = {{"bytes", std::move(bytes)}},
          .where = "s.json: cases[0]"};
}

Plan plan_of(std::vector<Request> requests, const Topology& topology = stated_topology(4, 2),
             std::uint64_t seed = 1) {
  return make_plan({"s", "", std::move(requests)}, test::catalogue(), topology, seed);
}

TEST(MakePlan, TakesTheProductOfAllLists) {
  auto request = all_reduce({number(8), number(16)});
  request.dims["type"] = {"fp32", "fp64"};
  request.layouts = {"world", "node", "alone"};
  request.repetitions = 2;
  const auto plan = plan_of({request});
  EXPECT_THAT(plan.cases, SizeIs(24));
  EXPECT_THAT(plan.layouts, SizeIs(3));
  std::set<Dims> dims;
  for (const auto& c : plan.cases) dims.insert(c.dims);
  EXPECT_THAT(dims, SizeIs(8));
  EXPECT_EQ(text_dim(plan.cases[0].dims, "op"), "sum") << "defaults are filled in";
}

TEST(MakePlan, LeavesOutThatBuffersArePlain) {
  auto request = all_reduce({number(8)});
  request.dims["buffers"] = {"plain", "registered"};
  const auto plan = plan_of({request, all_reduce({number(8)})});
  ASSERT_THAT(plan.cases, SizeIs(2)) << "plain is the case as it always was";
  for (const auto& c : plan.cases)
    EXPECT_EQ(c.dims.contains("buffers"), attribute(c, "buffers") != DimValue("plain"));
}

TEST(MakePlan, UsesTheDefaultLayout) {
  EXPECT_EQ(plan_of({{.benchmark = "copy", .where = "s"}}).cases.at(0).layout, "each");
}

TEST(MakePlan, NumbersCasesInAReproducibleShuffledOrder) {
  std::vector<DimValue> sizes;
  for (std::int64_t i = 1; i <= 50; ++i) sizes.emplace_back(8 * i);
  const auto plan = plan_of({all_reduce(sizes)});
  EXPECT_EQ(plan.cases[0].id, "c001");
  EXPECT_EQ(plan.cases[49].id, "c050");
  EXPECT_FALSE(
      std::is_sorted(plan.cases.begin(), plan.cases.end(), [](const Case& a, const Case& b) {
        return integer_dim(a.dims, "bytes") < integer_dim(b.dims, "bytes");
      }));
  EXPECT_EQ(canonical(plan), canonical(plan_of({all_reduce(sizes)})));
  EXPECT_NE(canonical(plan), canonical(plan_of({all_reduce(sizes)}, stated_topology(4, 2), 2)));
}

TEST(MakePlan, MergesIdenticalCases) {
  auto few = all_reduce({number(8)});
  few.optional = true;
  few.protocol.stop = {.blocks = 8, .quantiles = {0.5}};
  auto many = all_reduce({number(8)});
  many.protocol.stop = {.blocks = 64, .quantiles = {0.05}};
  auto stream = all_reduce({number(8)});
  stream.protocol.pacing = Pacing::stream;
  EXPECT_THAT(plan_of({few, stream}).cases, SizeIs(2)) << "another pacing is another case";
  const auto plan = plan_of({few, many});
  ASSERT_THAT(plan.cases, SizeIs(1));
  EXPECT_EQ(plan.cases[0].protocol.stop.blocks, 64);
  EXPECT_THAT(plan.cases[0].protocol.stop.quantiles, testing::ElementsAre(0.05, 0.5));
  EXPECT_FALSE(plan.cases[0].optional);
}

TEST(Stricter, TakesTheMoreBindingOfEach) {
  Protocol a{.warm_up = {5, 1.0}, .pilot = 20, .verify = false};
  a.stop = {.blocks = 64, .block_length = 1, .time_s = 3, .precision = 0.1};
  Protocol b{.warm_up = {9, 0.5}, .pilot = 500};
  b.stop = {.blocks = 8, .block_length = 3, .time_s = 0, .precision = 0.01};
  const auto both = stricter(a, b);
  EXPECT_EQ(both, stricter(b, a));
  EXPECT_EQ(both.warm_up, (WarmUp{9, 1.0}));
  EXPECT_EQ(both.pilot, 500);
  EXPECT_TRUE(both.verify);
  EXPECT_EQ(both.stop, (Stop{.blocks = 64, .block_length = 3, .time_s = 0, .precision = 0.01}));
  b.stop.block_length.reset();
  EXPECT_EQ(stricter(a, b).stop.block_length, std::nullopt) << "a pilot is asked for";
}

TEST(Stricter, PrefersBlocksOverAnyOtherStop) {
  Protocol blocks;
  blocks.stop.blocks = 8;
  for (const auto kind : {StopKind::iterations, StopKind::time, StopKind::precision}) {
    Protocol other;
    other.stop = {.kind = kind, .quantiles = {0.9}, .iterations = 7, .time_s = 1};
    const auto both = stricter(other, blocks);
    EXPECT_EQ(both.stop.kind, StopKind::blocks);
    EXPECT_EQ(both.stop.blocks, 8);
    EXPECT_THAT(both.stop.quantiles, testing::ElementsAre(0.5, 0.9));
  }
  Protocol time;
  time.stop = {.kind = StopKind::time, .time_s = 1};
  auto longer = time;
  longer.stop.time_s = 2;
  EXPECT_EQ(stricter(time, longer).stop.time_s, 2);
}

TEST(MakePlan, PlacementPermutesTheLayout) {
  auto request = all_reduce({number(8)});
  request.dims["placement"] = {number(0), number(7)};
  const auto plan = plan_of({request, all_reduce({number(8)})});
  ASSERT_THAT(plan.cases, SizeIs(2)) << "placement 0 is the case as launched";
  ASSERT_TRUE(plan.layouts.contains("world"));
  ASSERT_TRUE(plan.layouts.contains("world@7"));
  EXPECT_NE(plan.layouts.at("world").rounds, plan.layouts.at("world@7").rounds);
  for (const auto& c : plan.cases)
    EXPECT_EQ(attribute(c, "placement"), number(c.layout == "world" ? 0 : 7));
}

TEST(MakePlan, RefusesWhatDoesNotFitUnlessOptional) {
  const auto uneven = detect_topology({"a", "a", "b"});
  auto rail = all_reduce({number(8)});
  rail.layouts = {"rail", "world"};
  EXPECT_THAT(refusal([&] { plan_of({rail}, uneven); }),
              StartsWith("s.json: cases[0]: layout rail: a has 2 ranks and b has 1"));
  rail.optional = true;
  EXPECT_THAT(plan_of({rail}, uneven).cases, SizeIs(1));
  EXPECT_THAT(plan_of({rail}, uneven).layouts, SizeIs(1));

  auto odd = all_reduce({number(8), number(6)});
  EXPECT_THAT(refusal([&] { plan_of({odd}); }),
              StartsWith("s.json: cases[0]: bytes: 6 bytes is no multiple of 4 bytes of fp32"));
  odd.optional = true;
  EXPECT_THAT(plan_of({odd}).cases, SizeIs(1));
  EXPECT_THAT(plan_of({all_reduce({number(0)})}).cases, SizeIs(1)) << "no bytes is a size";
}

TEST(MakePlan, ChecksRequestsThatNobodyParsed) {
  EXPECT_THAT(refusal([] { plan_of({{.benchmark = "nope", .where = "command line"}}); }),
              StartsWith("command line.benchmark: \"nope\" is unknown"));
  auto request = all_reduce({"8"});
  EXPECT_THAT(refusal([&] { plan_of({request}); }), HasSubstr("bytes: 8 is of the wrong type"));
  EXPECT_THAT(plan_of({}).cases, IsEmpty());
}

TEST(MakePlan, RefusesTooManyCases) {
  std::vector<DimValue> sizes;
  for (std::int64_t i = 0; i < 1000; ++i) sizes.emplace_back(8 * i);
  auto request = all_reduce(sizes);
  request.repetitions = 101;
  EXPECT_THAT(refusal([&] { plan_of({request}); }),
              AllOf(StartsWith("s.json: cases[0]: the plan would have more than 100000 cases"),
                    HasSubstr("shorten")));
}

TEST(MakePlan, CountsCasesBeforeTheyAreMerged) {
  auto request = all_reduce({number(8)});
  request.repetitions = 60'000;
  EXPECT_THAT(refusal([&] {
                plan_of({request, request});
              }),
              HasSubstr("the plan would have more than 100000 cases"));
}

TEST(MakePlan, EstimatesTime) {
  auto request = all_reduce({number(800)});
  request.protocol = {.warm_up = {100, 0}, .pilot = 500, .stop = {.blocks = 64, .block_length = 5}};
  // Ten microseconds each: 100 to warm up, 500 in the pilot, 320 timed; and 50 ms to set up.
  const auto plan = plan_of({request});
  EXPECT_NEAR(plan.estimated_s, 0.05 + 920e-5, 1e-12);
  request.layouts = {"pairs"};  // three rounds
  EXPECT_NEAR(plan_of({request}).estimated_s, 0.05 + 3 * 920e-5, 1e-12);
  request.protocol.stop = {.kind = StopKind::time, .time_s = 2};
  EXPECT_NEAR(plan_of({request}).estimated_s, 0.05 + 3 * (100e-5 + 2), 1e-9);
}

TEST(CaseJson, RoundTripsExactly) {
  auto request = all_reduce({number(8), number(std::int64_t{1} << 40)});
  request.dims["in_place"] = {true, false};
  request.layouts = {"pairs", "world"};
  request.repetitions = 2;
  request.protocol = {.pacing = Pacing::stream, .cache = Cache::warm, .warm_up = {3, 0.1}};
  request.protocol.stop = {.blocks = 8, .block_length = 3, .quantiles = {0.05, 1.0 / 3}};
  for (const auto& c : plan_of({request}).cases) {
    const auto text = to_json(c).dump();
    const auto read = case_from_json(parse_json(text, "f"), "f");
    EXPECT_EQ(to_json(read).dump(), text);
    EXPECT_EQ(read.protocol, c.protocol);
    EXPECT_EQ(read.dims, c.dims);
    EXPECT_EQ(read.layout, c.layout);
  }
}

TEST(CaseJson, RefusesEditedCases) {
  const auto plan = plan_of({all_reduce({number(8)})});
  const auto edited = [&](const char* pointer, nlohmann::json value) {
    auto json = to_json(plan.cases.at(0));
    json[nlohmann::json::json_pointer(pointer)] = std::move(value);
    return refusal([&] { case_from_json(json, "result.json: cases[0]"); });
  };
  EXPECT_EQ(edited("/id", "c001"), "");
  EXPECT_THAT(edited("/dims/bytes", "8"), HasSubstr("result.json: cases[0]: dims.bytes: \"8\""));
  EXPECT_THAT(edited("/dims/colour", 3), HasSubstr("dims.colour: unknown key"));
  EXPECT_THAT(edited("/protocol/pacing", "fast"), HasSubstr("protocol.pacing: \"fast\""));
  EXPECT_THAT(edited("/protocol/stop/blocks", 1.5), HasSubstr("protocol.stop.blocks: 1.5"));
  EXPECT_THAT(edited("/extra", 1), HasSubstr("extra: unknown key"));
}

TEST(Canonical, HoldsCasesAndLayouts) {
  const auto text = canonical(plan_of({all_reduce({number(8)})}));
  EXPECT_THAT(text, AllOf(StartsWith(R"({"cases":[{"benchmark":"all_reduce",)"),
                          HasSubstr(R"("layouts":{"world":["0-3"]})")));
}

}  // namespace
}  // namespace assay::plan

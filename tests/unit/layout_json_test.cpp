#include "harness/plan/layout_json.hpp"

#include <gmock/gmock.h>

#include "harness/plan/json_reader.hpp"
#include "harness/schedule/layouts.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::plan {
namespace {

using schedule::make_layout;
using test::refusal;
using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(const Layout& layout) { return layout_to_json(layout).dump(); }
std::string text_of(std::string_view name, int ranks, int per_node) {
  return text_of(make_layout(name, stated_topology(ranks, per_node)));
}

TEST(LayoutJson, ListsGroupsAndNamesRegularOnes) {
  EXPECT_EQ(text_of("node", 16, 8), R"(["0-7","8-15"])");
  EXPECT_EQ(text_of("rail", 4, 2), R"(["0,2","1,3"])");
  EXPECT_EQ(text_of("world", 2, 2), R"(["0-1"])");
  EXPECT_EQ(text_of("world", 1, 1), R"(["0"])");
  EXPECT_EQ(text_of("pairs", 2, 2), R"(["0-1"])");
  EXPECT_EQ(text_of("pairs", 16, 8), R"({"kind":"circle","size":16})");
  EXPECT_EQ(text_of("pairs", 5, 5), R"({"kind":"circle","size":5})");
  EXPECT_EQ(text_of("each", 4, 4), R"({"kind":"each","size":4})");
  EXPECT_EQ(text_of("alone", 4, 4), R"({"kind":"alone","size":4})");
}

TEST(LayoutJson, RoundTripsExactly) {
  for (const int ranks : {1, 2, 3, 4, 6, 8})
    for (const auto* name :
         {"world", "node", "rail", "pairs", "halves", "split:2", "each", "alone"}) {
      if (ranks == 1 && make_layout("world", stated_topology(1, 1)).name != name) continue;
      const auto topology = stated_topology(ranks, ranks % 2 == 0 ? 2 : 1);
      for (const std::uint64_t placement : {0u, 7u}) {
        const auto layout = schedule::permuted(make_layout(name, topology), ranks, placement);
        const auto json = layout_to_json(layout);
        EXPECT_EQ(layout_from_json(json, layout.name, "f"), layout) << name << " " << json;
      }
    }
}

TEST(LayoutJson, NeverEnumeratesThousandsOfRanks) {
  EXPECT_EQ(text_of("each", 8192, 8), R"({"kind":"each","size":8192})");
  EXPECT_EQ(text_of("alone", 8192, 8), R"({"kind":"alone","size":8192})");
  EXPECT_EQ(text_of("pairs", 1024, 8), R"({"kind":"circle","size":1024})");
  const auto placed = schedule::permuted(make_layout("pairs", stated_topology(64, 8)), 64, 9);
  EXPECT_EQ(text_of(placed), R"({"kind":"circle","placement":9,"size":64})");
}

TEST(LayoutJson, ListsWhatIsAlmostRegular) {
  auto layout = make_layout("pairs", stated_topology(4, 4));
  std::swap(layout.rounds[0], layout.rounds[1]);
  EXPECT_EQ(text_of(layout), R"([["1,3","0,2"],["0,3","1-2"],["2-3","0-1"]])");
  EXPECT_EQ(layout_from_json(layout_to_json(layout), "pairs", "f"), layout);
}

std::string refused(const char* text) {
  const auto json = parse_json(text, "f");
  return refusal([&] { layout_from_json(json, "x", "result.json: layouts.x"); });
}

TEST(LayoutJson, RefusesWhatIsNoLayout) {
  EXPECT_THAT(refused("3"), StartsWith("result.json: layouts.x: 3 is not a list"));
  EXPECT_THAT(refused("[]"), HasSubstr("no rounds"));
  EXPECT_THAT(refused("[[]]"), HasSubstr("[0]: a round has no groups"));
  EXPECT_THAT(refused(R"(["0-3","a"])"), HasSubstr("[1]: 'a' in \"a\" is no range"));
  EXPECT_THAT(refused(R"([""])"), HasSubstr("a group has no ranks"));
  EXPECT_THAT(refused(R"(["0-3","3-4"])"), HasSubstr("[1]: rank 3 stands twice"));
  EXPECT_THAT(refused(R"(["0-3",["4"]])"), HasSubstr("[1]: [\"4\"] is not text"));
  EXPECT_THAT(refused(R"([["0-3"],"4"])"), HasSubstr("[1]: \"4\" is not a list"));
  EXPECT_THAT(refused(R"({"kind":"ring","size":4})"), HasSubstr("\"ring\" is unknown"));
  EXPECT_THAT(refused(R"({"kind":"circle","size":1})"), HasSubstr("size: 1 is out of range"));
  EXPECT_THAT(refused(R"({"kind":"each","size":2000000000})"), HasSubstr("out of range"));
  EXPECT_THAT(refused(R"({"kind":"each","size":4,"sized":4})"), HasSubstr("sized: unknown key"));
  EXPECT_THAT(refused(R"({"kind":"each","size":4,"placement":0})"), HasSubstr("at least 1"));
}

}  // namespace
}  // namespace assay::plan

#include "harness/schedule/layouts.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "tests/unit/refusal.hpp"

namespace assay::schedule {
namespace {

using test::refusal;
using testing::AllOf;
using testing::HasSubstr;
using Groups = std::vector<std::string>;

/// Groups of every round as text.
std::vector<Groups> shown(const Layout& layout) {
  std::vector<Groups> rounds;
  for (const auto& round : layout.rounds) {
    auto& groups = rounds.emplace_back();
    for (const auto& group : round.at_once) groups.push_back(format_ranks(group.members));
  }
  return rounds;
}

std::vector<Groups> shown(std::string_view name, const Topology& topology) {
  const auto layout = make_layout(name, topology);
  EXPECT_EQ(layout.name, name);
  validate(layout, topology.ranks());
  return shown(layout);
}

using Rounds = std::vector<Groups>;

TEST(MakeLayout, BuildsEveryName) {
  const auto topology = stated_topology(8, 4);
  EXPECT_EQ(shown("world", topology), (Rounds{{"0-7"}}));
  EXPECT_EQ(shown("node", topology), (Rounds{{"0-3", "4-7"}}));
  EXPECT_EQ(shown("rail", topology), (Rounds{{"0,4", "1,5", "2,6", "3,7"}}));
  EXPECT_EQ(shown("halves", topology), (Rounds{{"0-3", "4-7"}}));
  EXPECT_EQ(shown("split:3", topology), (Rounds{{"0-6:3", "1-7:3", "2,5"}}));
  EXPECT_EQ(shown("split:1", topology), (Rounds{{"0-7"}}));
  EXPECT_EQ(shown("each", stated_topology(2, 2)), (Rounds{{"0", "1"}}));
  EXPECT_EQ(shown("alone", stated_topology(2, 2)), (Rounds{{"0"}, {"1"}}));
}

TEST(MakeLayout, FollowsRanksThatAreDealtOut) {
  const auto topology = detect_topology({"a", "b", "a", "b", "a", "b"});
  EXPECT_EQ(shown("node", topology), (Rounds{{"0-4:2", "1-5:2"}}));
  EXPECT_EQ(shown("rail", topology), (Rounds{{"0-1", "2-3", "4-5"}}));
}

TEST(MakeLayout, NodePairsAreTheTournamentsOfAllHostsAtOnce) {
  const auto topology = detect_topology({"a", "b", "a", "b", "a", "c", "b", "b"});
  EXPECT_EQ(shown("node_pairs", topology),
            (Rounds{{"2,4", "1,7", "3,6"}, {"0,4", "3,7", "1,6"}, {"0,2", "6-7", "1,3"}}))
      << "the only rank of c is in none";
  EXPECT_EQ(shown("node_pairs", stated_topology(4, 4)), shown("pairs", stated_topology(4, 4)));
  EXPECT_EQ(shown("node_pairs", stated_topology(4, 2)), (Rounds{{"0-1", "2-3"}}));
}

TEST(MakeLayout, RefusesNodePairsWhereEveryRankIsAlone) {
  EXPECT_EQ(refusal([] { make_layout("node_pairs", stated_topology(3, 1)); }),
            "layout node_pairs: no host has 2 ranks; start at least 2 ranks on a host");
}

TEST(MakeLayout, UpperHalfOfAnOddNumberHasOneMore) {
  EXPECT_EQ(shown("halves", stated_topology(5, 5)), (Rounds{{"0-1", "2-4"}}));
}

TEST(MakeLayout, RefusesRailOnUnevenHosts) {
  EXPECT_THAT(refusal([] {
                make_layout("rail", detect_topology({"a", "a", "b"}));
              }),
              AllOf(HasSubstr("layout rail: a has 2 ranks and b has 1"), HasSubstr("same number")));
}

TEST(MakeLayout, RefusesWhatOneRankCannotDo) {
  for (const auto* name : {"pairs", "halves"})
    EXPECT_THAT(refusal([&] { make_layout(name, stated_topology(1, 1)); }),
                HasSubstr("there is 1 rank"));
  EXPECT_EQ(shown("world", stated_topology(1, 1)), (Rounds{{"0"}}));
}

TEST(MakeLayout, RefusesMoreGroupsThanRanks) {
  EXPECT_THAT(refusal([] { make_layout("split:5", stated_topology(4, 4)); }),
              HasSubstr("layout split:5: 5 groups of 4 ranks"));
}

TEST(MakeLayout, RefusesUnknownNames) {
  for (const auto* name : {"", "World", "split", "split:", "split:0", "split:-1", "split:2x",
                           "split:02", "split:99999999999", "ring"}) {
    EXPECT_FALSE(is_layout_name(name)) << name;
    EXPECT_THAT(refusal([&] { make_layout(name, stated_topology(4, 4)); }),
                AllOf(HasSubstr("no such layout"), HasSubstr("world, node, rail")));
  }
}

TEST(MakeLayout, KnowsTheNamesItLists) {
  for (const auto* name : {"world", "node", "rail", "pairs", "halves", "split:4", "each", "alone"})
    EXPECT_TRUE(is_layout_name(name)) << name;
}

class Pairs : public testing::TestWithParam<int> {};

TEST_P(Pairs, MeetEachOtherExactlyOnce) {
  const int ranks = GetParam();
  const auto layout = make_layout("pairs", stated_topology(ranks, ranks));
  validate(layout, ranks);  // disjoint within each round
  EXPECT_EQ(layout.rounds.size(), static_cast<std::size_t>(ranks % 2 == 0 ? ranks - 1 : ranks));
  std::set<std::vector<int>> met;
  for (const auto& round : layout.rounds) {
    EXPECT_EQ(round.at_once.size(), static_cast<std::size_t>(ranks / 2));
    for (const auto& group : round.at_once) {
      const auto pair = group.ranks();
      ASSERT_EQ(pair.size(), 2u);
      EXPECT_LT(pair[0], pair[1]);
      EXPECT_TRUE(met.insert(pair).second) << pair[0] << " meets " << pair[1] << " twice";
    }
  }
  EXPECT_EQ(met.size(), static_cast<std::size_t>(ranks * (ranks - 1) / 2));
}

INSTANTIATE_TEST_SUITE_P(Ranks, Pairs, testing::Values(2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 64));

TEST(Permuted, MovesRanksAndKeepsTheShape) {
  const auto topology = stated_topology(8, 4);
  const auto launched = make_layout("node", topology);
  const auto moved = permuted(launched, 8, 7);
  EXPECT_EQ(moved.name, "node@7");
  validate(moved, 8);
  EXPECT_EQ(moved.group_count(), launched.group_count());
  EXPECT_NE(moved.rounds, launched.rounds);
  EXPECT_EQ(moved, permuted(launched, 8, 7));
  EXPECT_NE(moved.rounds, permuted(launched, 8, 8).rounds);
  EXPECT_EQ(permuted(launched, 8, 0), launched);
}

TEST(Validate, FindsWhatMustNotBe) {
  const auto layout = [](std::vector<Round> rounds) { return Layout{"x", std::move(rounds)}; };
  const Group low{{{0, 1, 1}}};
  const Group high{{{1, 2, 1}}};
  EXPECT_NO_THROW(validate(layout({{{low}}, {{high}}}), 3));
  EXPECT_THROW(validate(layout({}), 3), InternalError);
  EXPECT_THROW(validate(layout({{}}), 3), InternalError);
  EXPECT_THROW(validate(layout({{{Group{}}}}), 3), InternalError);
  EXPECT_THROW(validate(layout({{{low, high}}}), 3), InternalError);
  EXPECT_THROW(validate(layout({{{high}}}), 2), InternalError);
}

}  // namespace
}  // namespace assay::schedule

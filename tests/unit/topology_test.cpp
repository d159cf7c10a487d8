#include "harness/core/topology.hpp"

#include <gmock/gmock.h>

#include "harness/core/layout.hpp"
#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::refusal;
using testing::HasSubstr;

TEST(Topology, GroupsRanksByHostInOrderOfLowestRank) {
  const auto topology = detect_topology({"b", "a", "b", "a", "c"});
  ASSERT_EQ(topology.hosts.size(), 3u);
  EXPECT_EQ(topology.hosts[0].name, "b");
  EXPECT_EQ(topology.hosts[0].ranks, (std::vector{0, 2}));
  EXPECT_EQ(topology.hosts[1].ranks, (std::vector{1, 3}));
  EXPECT_EQ(topology.ranks(), 5);
  EXPECT_EQ(topology.host_of(3), 1u);
  EXPECT_EQ(topology.host_name(4), "c");
  EXPECT_EQ(topology.local_rank(2), 1);
  EXPECT_EQ(topology.local_rank(4), 0);
  EXPECT_THROW(topology.host_of(5), InternalError);
  EXPECT_THROW(topology.local_rank(-1), InternalError);
}

TEST(Topology, CanBeStated) {
  const auto topology = stated_topology(6, 2);
  ASSERT_EQ(topology.hosts.size(), 3u);
  EXPECT_EQ(topology.hosts[2].name, "node2");
  EXPECT_EQ(topology.hosts[2].ranks, (std::vector{4, 5}));
}

TEST(Topology, RefusesNodesThatDoNotDivideTheRanks) {
  for (const int per_node : {0, -1, 4, 7})
    EXPECT_THAT(refusal([&] { stated_topology(6, per_node); }),
                HasSubstr("--ranks-per-node: " + std::to_string(per_node)));
}

TEST(Layout, NumbersGroupsThroughAllRounds) {
  const Layout layout{"x", {{{Group{{{0, 1, 1}}}, Group{{{2, 4, 1}}}}}, {{Group{{{0, 0, 1}}}}}}};
  EXPECT_EQ(layout.group_count(), 3u);
  EXPECT_EQ(layout.group(1).ranks(), (std::vector{2, 3, 4}));
  EXPECT_EQ(layout.group(2).ranks(), (std::vector{0}));
  EXPECT_EQ(layout.first_group(0), 0u);
  EXPECT_EQ(layout.first_group(1), 2u);
  EXPECT_EQ(layout.first_group(2), 3u);
  EXPECT_EQ(layout.largest_group(), 3u);
  EXPECT_THROW(layout.group(3), InternalError);
  EXPECT_THROW(layout.first_group(3), InternalError);
}

}  // namespace
}  // namespace assay

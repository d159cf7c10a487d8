#include "harness/core/rank_set.hpp"

#include <gmock/gmock.h>

#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::refusal;
using testing::HasSubstr;
using Ranks = std::vector<int>;

std::string compact(const Ranks& ranks) { return format_ranks(compress_ranks(ranks)); }

TEST(RankSet, CompressesRuns) {
  EXPECT_EQ(compact({}), "");
  EXPECT_EQ(compact({5}), "5");
  EXPECT_EQ(compact({0, 1}), "0-1");
  EXPECT_EQ(compact({0, 1, 2, 3, 4, 5, 6, 7}), "0-7");
  EXPECT_EQ(compact({0, 8, 16, 24}), "0-24:8");
  EXPECT_EQ(compact({0, 3, 8, 9, 10}), "0,3,8-10");
  EXPECT_EQ(compact({0, 5, 6, 7}), "0,5-7");
}

TEST(RankSet, KeepsTheOrderOfAPlacement) {
  for (const Ranks& ranks : {Ranks{7, 6, 5}, Ranks{3, 1, 2}, Ranks{4, 4}, Ranks{9, 0, 1, 2, 8}}) {
    EXPECT_EQ(expand_ranks(compress_ranks(ranks)), ranks);
    EXPECT_EQ(expand_ranks(parse_ranks(compact(ranks))), ranks);
  }
}

TEST(RankSet, ParsesWhatItFormats) {
  for (const auto* text : {"", "5", "0-7", "0-56:8", "0,3,8-15", "7,6,5"})
    EXPECT_EQ(format_ranks(parse_ranks(text)), text);
  EXPECT_EQ(expand_ranks(parse_ranks("0-56:8")), (Ranks{0, 8, 16, 24, 32, 40, 48, 56}));
}

TEST(RankSet, RefusesWhatIsNoRange) {
  for (const auto* text : {"a", "-1", "3-1", "0-7:0", "0-7:2", "0-", "0,,1", ",", "0,", "1 ",
                           "0-7:", "0-1:1x", "99999999999", "10000000", "0--1"})
    EXPECT_THAT(refusal([&] { parse_ranks(text); }),
                HasSubstr(std::string("\"") + text + "\" is no range"));
}

TEST(RankSet, ExpandsToTheLastThatTheStrideMeets) {
  EXPECT_EQ(expand_ranks({{0, 5, 2}}), (Ranks{0, 2, 4}));
  EXPECT_THROW(expand_ranks({{0, 5, 0}}), InternalError);
}

}  // namespace
}  // namespace assay

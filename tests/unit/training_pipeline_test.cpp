#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/schedule/training/pipeline.hpp"

namespace assay::training {
namespace {

constexpr auto forward = Direction::forward, backward = Direction::backward;

TEST(Pipeline, WarmsUpAsPublished) {
  EXPECT_EQ(warm_up_units({4, 1, 8}, 0), 3U);
  EXPECT_EQ(warm_up_units({4, 1, 8}, 3), 0U);
  EXPECT_EQ(warm_up_units({8, 8, 64}, 0), 2U * 7 + 7 * 8);
  EXPECT_EQ(warm_up_units({8, 8, 64}, 7), 7U * 8);
  EXPECT_EQ(warm_up_units({4, 1, 2}, 0), 2U) << "no more than there are";
}

TEST(Pipeline, TakesTurnsAfterTheWarmUp) {
  const std::vector<Unit> expected{{forward, 0, 0}, {forward, 1, 0},  {backward, 0, 0},
                                   {forward, 2, 0}, {backward, 1, 0}, {backward, 2, 0}};
  EXPECT_EQ(units_of({2, 1, 3}, 0), expected);
}

/// As the interleaved schedule of Narayanan et al. (2021) takes its turns: 2 stages of 2 chunks.
TEST(Pipeline, InterleavesChunks) {
  const std::vector<Unit> expected{
      {forward, 0, 0}, {forward, 1, 0},  {forward, 0, 1},  {backward, 0, 1},
      {forward, 1, 1}, {backward, 1, 1}, {forward, 2, 0},  {backward, 0, 0},
      {forward, 3, 0}, {backward, 1, 0}, {forward, 2, 1},  {backward, 2, 1},
      {forward, 3, 1}, {backward, 3, 1}, {backward, 2, 0}, {backward, 3, 0}};
  EXPECT_EQ(units_of({2, 2, 4}, 1), expected);
}

TEST(Pipeline, DoesEveryUnitOnceEachWay) {
  for (std::uint64_t stages : {1u, 2u, 3u, 4u})
    for (std::uint64_t chunks : {1u, 2u, 3u})
      for (std::uint64_t stage = 0; stage < stages; ++stage) {
        std::set<std::pair<std::uint64_t, std::uint64_t>> done[2];
        for (const auto& unit : units_of({stages, chunks, 2 * stages}, stage))
          EXPECT_TRUE(
              done[unit.direction == backward].emplace(unit.micro_batch, unit.chunk).second);
        EXPECT_EQ(done[0].size(), 2 * stages * chunks);
        EXPECT_EQ(done[0], done[1]);
      }
}

}  // namespace
}  // namespace assay::training

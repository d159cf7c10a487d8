#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "harness/stats/straggler.hpp"

namespace assay::stats {
namespace {

using testing::Optional;

TEST(StragglerIndex, ComparesTheSlowestRankWithTheMiddleOne) {
  EXPECT_THAT(straggler_index(std::vector{2.0, 1.0, 3.0}), Optional(1.5));
  EXPECT_THAT(straggler_index(std::vector{1.0, 3.0}), Optional(3.0));
  EXPECT_EQ(straggler_index({}), std::nullopt);
  EXPECT_EQ(straggler_index(std::vector{0.0, 0.0}), std::nullopt);
}

}  // namespace
}  // namespace assay::stats

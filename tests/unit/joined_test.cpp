#include "harness/run/joined.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "harness/run/arrival.hpp"
#include "harness/run/timelines.hpp"

namespace assay::run {
namespace {

using bench::Joined;

constexpr auto none = std::numeric_limits<double>::quiet_NaN();

TEST(Joined, OfTheRanksThatHaveAValue) {
  const std::vector<double> ranks{2, none, 1, 6};
  EXPECT_EQ(joined(Joined::mean, ranks), 3);
  EXPECT_EQ(joined(Joined::longest, ranks), 6);
}

TEST(Joined, NothingOfNobody) {
  for (const auto by : {Joined::mean, Joined::longest}) {
    EXPECT_TRUE(std::isnan(joined(by, {})));
    EXPECT_TRUE(std::isnan(joined(by, std::vector{none, none})));
  }
}

/// Twice 2 ns is 1% of 400 ns, once; four comparisons would need 1,600.
TEST(Comparisons, AddUpTheClocksError) {
  GroupArrivals arrivals;
  arrivals.t_max_ns = {400, 400, 400};
  arrivals.bound_ns = 2;
  EXPECT_EQ(why_comparisons_absent(arrivals, 1), "");
  EXPECT_EQ(why_comparisons_absent(arrivals, 4),
            "the clock error of up to 16.00 ns is more than 1% of the median t_max of 400.0 ns (4 "
            "times in each)");
  arrivals.bound_ns = std::numeric_limits<double>::infinity();
  EXPECT_NE(why_comparisons_absent(arrivals, 1), "");
}

TEST(Timelines, AreOfAsManyRanksAsThereIsRoomFor) {
  EXPECT_EQ(timelines_every(0, 8), 0);
  EXPECT_EQ(timelines_every(1000, 8), 1);
  EXPECT_EQ(timelines_every(100'000, 4), 1);
  EXPECT_EQ(timelines_every(100'000, 5), 2);
  EXPECT_EQ(timelines_every(100'000, 1024), 256);
  EXPECT_EQ(timelines_every(most_timeline_events, 3), 3);
  EXPECT_EQ(timelines_every(most_timeline_events + 1, 1), 0);
}

}  // namespace
}  // namespace assay::run

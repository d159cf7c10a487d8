// What a benchmark reads off itself, as a run keeps it: on as many ranks as mpirun started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/mpi/measured.hpp"

namespace assay {
namespace {

using testing::Each;
using testing::SizeIs;

int rank() { return session->world().rank(); }
int size() { return session->world().size(); }

/// The last rank reads ten times what the others do, which is 1; each value is of one launch.
class Reader final : public bench::Prepared {
 public:
  explicit Reader(std::size_t comparisons) : comparisons_(comparisons) {}
  Work work() const override { return {}; }
  void launch() noexcept override { ++launches_; }
  std::vector<bench::Harvested> harvest(const bench::ClockOfAll* clock) override {
    constexpr auto none = std::numeric_limits<double>::quiet_NaN();
    using enum bench::Joined;
    const auto each = [&](double value) { return std::vector<double>(launches_, value); };
    const double mine = rank() == size() - 1 ? 10 : 1;
    std::vector<bench::Harvested> all{
        {.series = "mine",
         .values = each(mine),
         .of_each_rank = "rank_mine",
         .over_middle = "of_middle"},
        {.series = "most", .by = longest, .values = each(mine)},
        {.series = "first", .values = each(rank() == 0 ? 3 : none)},
        {.series = "clock", .values = each(clock != nullptr ? 1 : 0)}};
    if (comparisons_ > 0)
      all.push_back(
          {.series = "compared", .by = longest, .values = each(mine), .comparisons = comparisons_});
    launches_ = 0;
    return all;
  }

 private:
  std::size_t launches_ = 0, comparisons_ = 0;
};

std::shared_ptr<const bench::Benchmark> reader(std::size_t comparisons = 0) {
  return std::make_shared<MadeUp<Reader, std::size_t>>(comparisons);
}

/// Warm-up and pilot are not in it.
TEST(Harvest, IsOfTheTimedIterationsAndOfAllRanks) {
  const auto result = measured(reader(), {.iterations = 5, .pilot = 3});
  if (rank() != 0) return;
  auto series = by_name(result);
  const auto n = series.at("t_max").values.size();
  const float mean = (static_cast<float>(size()) + 9) / static_cast<float>(size());
  for (const auto& [name, value] :
       {std::tuple("mine", mean), {"most", 10.0F}, {"first", 3.0F}, {"clock", 1.0F}}) {
    EXPECT_EQ(series.at(name).axis, Axis::iteration) << name;
    EXPECT_THAT(series.at(name).values, SizeIs(n)) << name;
    EXPECT_THAT(series.at(name).values, Each(value)) << name;
  }
  std::vector<float> each(static_cast<std::size_t>(size()), 1);
  each.back() = 10;
  EXPECT_EQ(series.at("rank_mine").axis, Axis::rank);
  EXPECT_EQ(series.at("rank_mine").values, each);
  EXPECT_EQ(series.at("of_middle").axis, Axis::rank);
  // Of two ranks the lower one is the middle; of one, itself.
  EXPECT_EQ(series.at("of_middle").values, size() == 1 ? std::vector<float>{1} : each);
}

/// A clock is known to some nanoseconds at best.
TEST(Harvest, IsAbsentWhereTheClocksErrorIsAsLargeAsTheIteration) {
  const auto result = measured(reader(1'000'000'000));
  if (rank() != 0) return;
  EXPECT_EQ(by_name(result).contains("compared"), size() == 1);
  EXPECT_EQ(result.absent.contains("compared"), size() > 1);
  EXPECT_TRUE(by_name(result).contains("mine"));
}

}  // namespace
}  // namespace assay

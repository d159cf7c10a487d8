// Launches that take turns, as a run measures them: on as many ranks as mpirun started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/mpi/measured.hpp"

namespace assay {
namespace {

using testing::Each;
using testing::Ge;
using testing::SizeIs;

/// Launches take at least 0, 20 and 40 times `step` in turn.
class PreparedTurns final : public bench::Prepared {
 public:
  explicit PreparedTurns(std::chrono::microseconds step) : step_(step) {}
  Work work() const override { return {}; }
  bench::Turns turns() const override {
    return {{"t_comm", "t_compute"}, "overlap", [](std::span<const double> times) {
              return times[0] < times[1] && times[1] < times[2] ? 7.0 : 0.0;
            }};
  }
  void reset(bench::Iteration iteration) override { last_ = iteration.last; }
  void launch() noexcept override {
    announced_at_ = last_ ? turn_ : announced_at_;
    std::this_thread::sleep_for(turn_ * 20 * step_);
    turn_ = (turn_ + 1) % 3;
  }
  VerifyReport verify(Moment moment) override {
    return {.checked = 1,
            .wrong = moment == Moment::after && announced_at_ != 2 ? 1U : 0U,
            .first = {},
            .method = "timed output"};
  }

 private:
  std::chrono::microseconds step_;
  bool last_ = false;
  int turn_ = 0, announced_at_ = -1;
};

constexpr std::size_t iterations = 4;

/// All ranks in one group; on rank 0.
result::CaseResult measured(std::chrono::microseconds step, run::Sync sync) {
  return assay::measured(std::make_shared<MadeUp<PreparedTurns, std::chrono::microseconds>>(step),
                         {.iterations = iterations, .sync = sync});
}

TEST(Turns, AreSeriesOfTheirOwnAndTheLastIsTheCase) {
  const auto result = measured(std::chrono::milliseconds(1), run::Sync::barrier);
  if (session->world().rank() != 0) return;
  const auto series = by_name(result);
  for (const auto* name : {"t_max", "t_comm", "t_compute", "overlap"}) {
    ASSERT_TRUE(series.contains(name)) << name;
    EXPECT_THAT(series.at(name).values, SizeIs(iterations)) << name;
  }
  // The ratio saw the times of one iteration in their order.
  EXPECT_THAT(series.at("overlap").values, Each(7));
  EXPECT_EQ(series.at("overlap").unit, "");
  EXPECT_EQ(series.at("t_comm").unit, "s");
  for (std::size_t i = 0; i < iterations; ++i)
    EXPECT_LT(series.at("t_compute").values[i], series.at("t_max").values[i]);
  EXPECT_THAT(series.at("rank_min").values, Each(Ge(0.04F)))
      << "quantiles are of the last turn too";
  EXPECT_EQ(result.verify.after.wrong, 0U) << "what is verified is not the last of the turns";
}

/// A clock too uncertain for it states so instead.
TEST(Turns, ArrivalsAreThoseOfTheLast) {
  const auto result = measured(std::chrono::milliseconds(1), run::Sync::barrier);
  if (session->world().rank() != 0) return;
  const auto series = by_name(result);
  for (const auto& [figure, name] : {std::tuple("span", "t_span"), {"transfer", "t_transfer"}}) {
    ASSERT_NE(series.contains(name), result.absent.contains(figure)) << name;
    if (!series.contains(name)) continue;
    EXPECT_THAT(series.at(name).values, SizeIs(iterations)) << name;
    EXPECT_THAT(series.at(name).values, Each(Ge(0.039F))) << name;
  }
  if (series.contains("last_arriver")) {
    EXPECT_THAT(series.at("last_arriver").values, SizeIs(iterations));
  }
}

/// Where ranks start at an agreed time, all turns do, and what is made up for late starts is whole
/// iterations.
TEST(Turns, StartTogetherWhicheverWay) {
  const auto result = measured(std::chrono::microseconds(0), run::Sync::automatic);
  if (session->world().rank() != 0) return;
  const auto series = by_name(result);
  const auto n = series.at("t_max").values.size();
  EXPECT_GE(n, iterations);
  for (const auto* name : {"t_comm", "t_compute", "overlap", "late"})
    if (series.contains(name)) {
      EXPECT_THAT(series.at(name).values, SizeIs(n)) << name;
    }
  if (session->world().size() > 1) {
    EXPECT_EQ(series.contains("late"), result.notes.at("sync").starts_with("round-time"));
  }
}

}  // namespace
}  // namespace assay

// What a step with real messages reads off itself: sums that hold whatever the machine does, and
// ratios where one rank does many times what the others do.
#include "harness/bench/step_readings.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <optional>

#include "harness/stats/quantile.hpp"
#include "tests/mpi/measured.hpp"
#include "tests/mpi/step_world.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay {
namespace {

using bench::StepPart;
using step_world::compute;
using step_world::type;
using step_world::World;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::Gt;
using testing::Le;
using testing::SizeIs;

int rank() { return session->world().rank(); }
int size() { return session->world().size(); }

/// Communications of all kinds: each rank begins operation i at 1000·rank + i, and again, later.
TEST(StepArrivals, AreTheLatestOfThoseThatTakePart) {
  if (size() == 1) GTEST_SKIP() << "communicates with nobody";
  World world(step_world::everything(size(), std::make_shared<tests::SkewedCounts>(10)));
  const auto& schedule = world.job.schedules[static_cast<std::size_t>(rank())];
  const auto n = schedule.operations.size();
  const auto begin = [&](int of, std::size_t i) {
    return 1000 * of + 10'000'000 * static_cast<std::int64_t>(i / n) +
           static_cast<std::int64_t>(i % n);
  };
  std::vector<std::int64_t> begins(2 * n);
  for (std::size_t i = 0; i < 2 * n; ++i) begins[i] = begin(rank(), i);
  const bench::StepArrivals arrivals(schedule, world.groups.teams());
  const auto there = arrivals.all_there(begins);
  ASSERT_EQ(there.size(), begins.size());
  for (std::size_t i = 0; i < 2 * n; ++i) {
    const auto& what = schedule.works[schedule.operations[i % n].work].what;
    auto expected = begins[i];
    if (std::holds_alternative<step::Collect>(what)) expected = begin(size() - 1, i);
    // Messages stand at the end: rank 0 sends before it receives, all others after that.
    if (const auto* message = std::get_if<step::Message>(&what)) {
      const bool peer_sends = message->way == step::Message::Way::receive;
      const bool comes_first = peer_sends == (message->peer == 0);
      expected = std::max(expected, begin(message->peer, i / n * n + n - (comes_first ? 2 : 1)));
    }
    EXPECT_EQ(there[i], expected) << "operation " << i << " of rank " << rank();
  }
}

/// Compute, beside which all ranks reduce; the last rank computes `more` times what the others do.
step::Job uneven(int more) {
  step::Job job{size(), {"compute", "wire"}, {{"all", "x", {size(), 1}}}, {{size(), 1}}, {}};
  for (int of = 0; of < size(); ++of) {
    step::Builder build(job.streams.size());
    constexpr std::uint64_t count = 1 << 16;
    const auto work = build.buffer("x", type, count), sum = build.buffer("x", type, count);
    for (int i = 0; i < (of == size() - 1 ? more : 1); ++i)
      build.add(compute, {"clear", step::ElementWise{4 * count}}, {step::write(work)});
    build.add(1, {"reduce", step::Collect{Collective::all_reduce, 0, count, type}},
              {step::read(work), step::write(sum)});
    job.schedules.push_back(build.done());
  }
  return job;
}

/// A step, and before each of them, if `apart`, a launch that stands for each of its parts.
struct How {
  int more = 1;
  bool apart = false;
};

class PreparedStep final : public bench::Prepared {
 public:
  explicit PreparedStep(How how) : how_(how), world_(uneven(how.more)) {}
  Work work() const override { return {}; }
  bench::Turns turns() const override {
    return how_.apart ? bench::Turns{{"t_compute", "t_comm"}} : bench::Turns{};
  }
  void reset(bench::Iteration) override { readings_.keep(); }
  void launch() noexcept override {
    readings_.begin();
    executor_.launch();
    const auto part = static_cast<StepPart>((++launches_) % (how_.apart ? 3 : 1));
    readings_.end(part);
  }
  std::vector<bench::Harvested> harvest(const bench::ClockOfAll* clock) override {
    return readings_.harvest(clock);
  }
  RankTimeline timeline() const override { return readings_.timeline(); }

 private:
  How how_;
  World world_;
  bench::StepExecutor executor_{
      world_.job, rank(), *world_.place.device, world_.groups.communicators(), {}};
  bench::StepReadings readings_{world_.job, executor_, world_.groups, *world_.place.team};
  int launches_ = 0;
};

std::map<std::string, Series> measured_step(How how,
                                            std::vector<RankTimeline>* timelines = nullptr) {
  const auto result = measured(std::make_shared<MadeUp<PreparedStep, How>>(how), {}, timelines);
  auto series = by_name(result);
  if (rank() != 0) return series;
  for (const auto* name : {"bubble", "communication_interference"})
    if (result.absent.contains(name)) {
      EXPECT_FALSE(series.contains(name));
      EXPECT_THAT(result.absent.at(name), testing::HasSubstr("clock"));
    }
  return series;
}

/// T_max is taken around the launch, what the parts are of within it.
TEST(StepReadings, PartsAreTheStep) {
  const auto series = measured_step({});
  if (rank() != 0) return;
  const auto& t_max = series.at("t_max").values;
  float best = 0;
  for (std::size_t i = 0; i < t_max.size(); ++i) {
    const auto parts = series.at("compute").values[i] + series.at("exposed_x").values[i] +
                       series.at("idle").values[i];
    EXPECT_LE(parts, 1.001F * t_max[i]);
    best = std::max(best, parts / t_max[i]);
  }
  EXPECT_GT(best, 0.9F);
  EXPECT_THAT(series.at("hidden").values, Each(AllOf(Ge(0.0F), Le(1.0F))));
  if (series.contains("bubble")) {
    EXPECT_THAT(series.at("bubble").values, Each(AllOf(Ge(0.0F), Le(1.0F))));
  }
  EXPECT_FALSE(series.contains("compute_interference"));
}

TEST(StepReadings, NameTheRankThatComputesSlowly) {
  const auto series = measured_step({.more = 100});
  if (rank() != 0 || size() == 1) return;
  const auto& index = series.at("straggler_index").values;
  EXPECT_THAT(index, SizeIs(size()));
  EXPECT_GT(index.back(), 1.5F);
  const auto& each = series.at("rank_compute").values;
  EXPECT_EQ(std::ranges::max_element(each) - each.begin(), size() - 1);
}

TEST(StepReadings, CompareTheStepWithItsParts) {
  const auto series = measured_step({.apart = true});
  if (rank() != 0) return;
  const auto n = series.at("t_max").values.size();
  EXPECT_THAT(series.at("t_compute").values, SizeIs(n));
  EXPECT_THAT(series.at("compute_interference").values, AllOf(SizeIs(n), Each(Gt(0.0F))));
  if (series.contains("communication_interference")) {
    EXPECT_THAT(series.at("communication_interference").values, SizeIs(n));
  }
}

/// By a clock that all share, the reduction of one rank overlaps that of every other.
TEST(StepReadings, LeaveATimelineOfEveryRank) {
  std::vector<RankTimeline> timelines;
  measured_step({}, &timelines);
  if (rank() != 0) return;
  ASSERT_THAT(timelines, SizeIs(size()));
  for (int of = 0; of < size(); ++of) {
    const auto& timeline = timelines[static_cast<std::size_t>(of)];
    EXPECT_EQ(timeline.rank, of);
    EXPECT_THAT(timeline.streams, ElementsAre("compute", "wire"));
    ASSERT_THAT(timeline.events, SizeIs(2));
    const auto &clear = timeline.events[0], &reduce = timeline.events[1];
    EXPECT_EQ(clear.name + " " + clear.label, "clear compute");
    EXPECT_EQ(reduce.name + " " + reduce.label, "reduce x");
    EXPECT_EQ(reduce.stream, 1);
    EXPECT_GE(clear.end_ns, clear.begin_ns);
    EXPECT_GE(reduce.begin_ns, clear.end_ns);
    constexpr std::int64_t off_ns = 1'000'000;
    EXPECT_LT(reduce.begin_ns, timelines.front().events[1].end_ns + off_ns);
    EXPECT_LT(timelines.front().events[1].begin_ns, reduce.end_ns + off_ns);
  }
}

}  // namespace
}  // namespace assay

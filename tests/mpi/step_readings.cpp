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
    const auto part = static_cast<StepPart>((++launches_) % (how_.apart ? 3 : 1));
    readings_.begin();
    executor_.launch(part);
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
  // Which it is depends on how busy the machine is.
  for (const auto* name :
       {"bubble", "bubble_excess", "comm_wait", "comm_transfer", "communication_interference"}) {
    const bool one_rank_or_whole =
        name == std::string_view("communication_interference") && !how.apart;
    if (one_rank_or_whole) continue;
    EXPECT_NE(series.contains(name), result.absent.contains(name)) << name;
    if (result.absent.contains(name)) {
      EXPECT_THAT(result.absent.at(name), testing::HasSubstr("clock"));
    }
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
}

/// Ranks of one host have one clock; the last rank's is taken to be ahead of it, so that it begins
/// everything late, however busy the machine is.
class HostClock final : public bench::ClockOfAll {
 public:
  explicit HostClock(std::int64_t late_ns) : late_ns_(rank() == size() - 1 ? late_ns : 0) {}
  std::int64_t at(std::int64_t reading_ns) const override { return reading_ns + late_ns_; }

 private:
  std::int64_t late_ns_;
};

/// Of this rank, of five steps and their parts.
std::map<std::string, std::vector<double>> read_apart(std::int64_t late_ns, double ideal_bubble) {
  World world(uneven(1));
  auto executor = world.executor({});
  bench::StepReadings readings(world.job, executor, world.groups, *world.place.team, ideal_bubble);
  for (int i = 0; i < 5; ++i)
    for (const auto part : {StepPart::compute, StepPart::communication, StepPart::whole}) {
      readings.begin();
      executor.launch(part);
      readings.end(part);
      readings.keep();
    }
  const HostClock clock(late_ns);
  std::map<std::string, std::vector<double>> series;
  for (auto& one : readings.harvest(&clock)) series[one.series] = std::move(one.values);
  return series;
}

TEST(StepReadings, CompareWaitingAndTransfersWhereThereIsAClock) {
  const auto series = read_apart(0, 0.25);
  for (const auto* name : {"compute_interference", "communication_interference", "comm_transfer"}) {
    ASSERT_TRUE(series.contains(name)) << name;
    EXPECT_THAT(series.at(name), AllOf(SizeIs(5), Each(Gt(0.0)))) << name;
  }
  EXPECT_THAT(series.at("bubble_ideal"), Each(0.25));
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_DOUBLE_EQ(series.at("bubble").at(i) - series.at("bubble_excess").at(i), 0.25);
}

TEST(StepReadings, WaitForWhoBeginsLate) {
  if (size() == 1) GTEST_SKIP() << "communicates with nobody";
  constexpr std::int64_t minute_ns = 60'000'000'000;
  const auto series = read_apart(minute_ns, 0);
  const bool late = rank() == size() - 1;
  const testing::Matcher<double> none = 0.0, some = Gt(0.0);
  EXPECT_THAT(series.at("comm_wait"), Each(late ? none : some));
  EXPECT_THAT(series.at("comm_transfer"), Each(late ? some : none));
  for (std::size_t i = 0; i < 5; ++i) {
    const double idle_s = series.at("idle")[i], exposed_s = series.at("exposed_x")[i],
                 step_s = series.at("compute")[i] + exposed_s + idle_s;
    EXPECT_NEAR(series.at("bubble")[i] * step_s, late ? idle_s : idle_s + exposed_s, 1e-12);
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

// A plan run on one rank: what the document's entry of a case keeps of its rounds and groups.
#include "harness/run/runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "harness/core/error.hpp"

namespace assay::run {
namespace {

using testing::Contains;
using testing::Not;
using testing::SizeIs;

/// What the nth time of preparing makes; each is one round of the case.
struct Part {
  std::string path = "native", reduction = "library";
  std::map<std::string, std::string> notes = {};
  double takes_s = 0;
  bool fails = false;
  bool lacks = false;             ///< what the hardware does not have
  std::string disagreement = {};  ///< what its ranks find when they calibrate
  int* finished = nullptr;        ///< counts the times
};

class PreparedPart final : public bench::Prepared {
 public:
  explicit PreparedPart(Part part) : part_(std::move(part)) {}
  Work work() const override { return {}; }
  comm::LaunchInfo launch_info() const override { return {part_.path, part_.reduction}; }
  std::map<std::string, std::string> notes() const override { return part_.notes; }
  bench::Support calibrate(comm::Team&) override { return {part_.disagreement}; }
  void let_go() override {
    if (part_.finished != nullptr) ++*part_.finished;
  }
  void launch() noexcept override {
    std::this_thread::sleep_for(std::chrono::duration<double>(part_.takes_s));
  }

 private:
  Part part_;
};

class Parts final : public bench::Benchmark {
 public:
  explicit Parts(std::vector<Part> parts) : parts_(std::move(parts)) { info_.name = "parts"; }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context&) const override {
    const auto& part = parts_[std::min(next_++, parts_.size() - 1)];
    if (part.fails) throw RunError({"host memory", "there is none", "buy some"});
    if (part.lacks) throw UnsupportedError({"GPU 0", "has no such unit", "buy another"});
    return std::make_unique<PreparedPart>(part);
  }

 private:
  std::vector<Part> parts_;
  BenchmarkInfo info_;
  mutable std::size_t next_ = 0;
};

struct Wanted {
  std::vector<Part> parts;  ///< one per round
  Stop stop{.kind = StopKind::iterations, .iterations = 3};
  std::int64_t pilot = 0;
  double max_time_per_round_s = 60;
};

/// One case of as many rounds as parts, each of one group of the one rank.
result::CaseResult run(const Wanted& wanted) {
  plan::Plan plan;
  Layout layout{"turns", {}};
  for (std::size_t i = 0; i < wanted.parts.size(); ++i)
    layout.rounds.push_back({{Group{{{0, 0, 1}}}}});
  plan.layouts["turns"] = layout;
  Case spec{.id = "c001", .benchmark = "parts", .layout = "turns"};
  spec.protocol.warm_up = {.iterations = 2, .time_s = 0};
  spec.protocol.pilot = wanted.pilot;
  spec.protocol.stop = wanted.stop;
  plan.cases = {spec};
  const auto team = comm::make_solo_team();
  const auto device = device::make_host_device();
  const auto topology = stated_topology(1, 1);
  const bench::Benchmarks benchmarks{std::make_shared<Parts>(wanted.parts)};
  Progress progress;
  CommonClock clock(*team);
  result::CaseResult result;
  run_plan(plan, {*team, topology, {*device}, benchmarks, {}, progress, clock},
           {.max_time_per_round_s = wanted.max_time_per_round_s},
           [&](const result::CaseResult& c) { result = c; });
  return result;
}

std::size_t timed_iterations(const result::CaseResult& c, std::size_t group) {
  for (const auto& series : c.samples.series)
    if (series.name == "t_max" && series.group == group) return series.values.size();
  return 0;
}

std::vector<std::string> flag_codes(const result::CaseResult& c) {
  std::vector<std::string> codes;
  for (const auto& flag : c.samples.flags) codes.push_back(flag.code);
  return codes;
}

TEST(Groups, ThatAgreeAreDescribedOnce) {
  const auto c = run({.parts = {{.notes = {{"threads", "4"}}}, {.notes = {{"threads", "4"}}}}});
  EXPECT_EQ(c.path, "native");
  EXPECT_EQ(c.reduction, "library");
  EXPECT_EQ(c.notes.at("threads"), "4");
}

TEST(Rounds, WhatTheHardwareLacksIsSkipped) {
  const auto c = run({.parts = {{}, {.lacks = true}}});
  EXPECT_EQ(c.status, result::Status::skipped);
  EXPECT_EQ(c.reason, "GPU 0: has no such unit; buy another (on rank 0) in round 2 of 2");
}

TEST(Rounds, WhatRanksCannotDoBetweenThemIsSkippedAndLetGoOf) {
  int finished = 0;
  const auto c = run({.parts = {{.finished = &finished},
                                {.disagreement = "too far apart", .finished = &finished}}});
  EXPECT_EQ(c.status, result::Status::skipped);
  EXPECT_EQ(c.reason, "too far apart (on rank 0) in round 2 of 2");
  EXPECT_EQ(finished, 2);
}

TEST(Groups, ThatDifferAreAllDescribed) {
  const auto c = run({.parts = {{.notes = {{"threads", "4"}}},
                                {.path = "chunked", .notes = {{"threads", "2"}}},
                                {.notes = {{"threads", "4"}, {"extra", "yes"}}}}});
  EXPECT_EQ(c.notes.at("threads"), "4 (groups 0,2), 2 (group 1)");
  EXPECT_EQ(c.notes.at("extra"), "yes");
  EXPECT_EQ(c.path, "native (groups 0,2), chunked (group 1)");
  EXPECT_THAT(flag_codes(c), Not(Contains("reduction_differs")));
}

TEST(Groups, ALibrarysReductionIsNotClaimedWhereAssaysWasTimed) {
  for (const auto& parts : {std::vector<Part>{{.reduction = "assay"}, {}},
                            std::vector<Part>{{}, {.reduction = "assay"}}}) {
    const auto c = run({.parts = parts});
    EXPECT_EQ(c.reduction, "assay");
    EXPECT_THAT(flag_codes(c), Contains("reduction_differs"));
  }
}

TEST(AFailedRound, KeepsTheSamplesOfThoseBefore) {
  const auto c = run({.parts = {{}, {}, {.fails = true}, {}}});
  EXPECT_EQ(c.status, result::Status::failed);
  EXPECT_EQ(c.reason, "host memory: there is none; buy some (on rank 0) in round 3 of 4");
  EXPECT_EQ(timed_iterations(c, 0), 3U);
  EXPECT_EQ(timed_iterations(c, 1), 3U);
  EXPECT_EQ(timed_iterations(c, 2), 0U);
  EXPECT_FALSE(c.verify.done);
  EXPECT_EQ(c.verify.reason, c.reason);
}

TEST(AFailedRound, ThatIsTheOnlyOneLeavesNothing) {
  const auto c = run({.parts = {{.fails = true}}});
  EXPECT_EQ(c.status, result::Status::failed);
  EXPECT_EQ(c.reason, "host memory: there is none; buy some (on rank 0)");
  EXPECT_THAT(c.samples.series, SizeIs(0));
  EXPECT_THAT(c.work, SizeIs(0));
}

/// No launch is shorter than it sleeps, so a cap bounds the launches from above on any machine.
TEST(TheCapOnACase, IsSharedByItsRounds) {
  const Part slow{.takes_s = 0.002};
  const auto c = run({.parts = {slow, slow, slow},
                      .stop = {.blocks = 10'000, .block_length = 1},
                      .max_time_per_round_s = 0.3});
  for (std::size_t group = 0; group < 3; ++group) {
    EXPECT_GE(timed_iterations(c, group), 1U);
    EXPECT_LE(timed_iterations(c, group), 50U) << "0.1 s of 2 ms each";
  }
  EXPECT_THAT(flag_codes(c), Contains("time_cap").Times(3));
}

TEST(TheCapOnACase, EndsWhatIsMeasuredByTime) {
  const Part slow{.takes_s = 0.002};
  const auto c = run({.parts = {slow, slow, slow},
                      .stop = {.kind = StopKind::time, .time_s = 60},
                      .max_time_per_round_s = 0.3});
  // One launch may begin just before the cap, and the one that is verified follows.
  for (std::size_t group = 0; group < 3; ++group) EXPECT_LE(timed_iterations(c, group), 52U);
}

TEST(Stationarity, IsNotClaimedFromAShortPilot) {
  const Stop fixed{.blocks = 4, .block_length = 1};
  const auto few = run({.parts = {{.takes_s = 1e-4}}, .stop = fixed, .pilot = 20});
  EXPECT_THAT(flag_codes(few), testing::ElementsAre("stationarity_unknown"));
  EXPECT_THAT(flag_codes(run({.parts = {{}}, .stop = fixed})),
              testing::ElementsAre("stationarity_unknown"))
      << "no pilot tells nothing";
  const auto many = run({.parts = {{.takes_s = 1e-4}}, .stop = fixed, .pilot = 200});
  EXPECT_THAT(flag_codes(many), Not(Contains("stationarity_unknown")));
}

}  // namespace
}  // namespace assay::run

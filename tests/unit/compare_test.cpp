#include "harness/contract/compare.hpp"

#include <gmock/gmock.h>

#include "tests/unit/documents.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::contract {
namespace {

using result::ResultDocument;
using test::add;
using test::CaseSpec;
using test::steady;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

CompareRules rules() {
  return {.metrics = {{"all_reduce", {"busbw", "algbw"}}, {"copy", {"bandwidth"}}}};
}

/// One case of all_reduce over four ranks on two hosts.
ResultDocument run(const CaseSpec& spec) { return test::world(spec); }
ResultDocument run(double level) { return run(CaseSpec{.values = steady(level)}); }

CaseSpec each(const test::Model& values) {
  return {.id = "c002", .benchmark = "copy", .layout = "each", .bytes = 1 << 20, .values = values};
}

Comparison compared(const ResultDocument& base, const ResultDocument& next) {
  return compare(base, next, rules());
}

std::vector<Decision> decisions(const Comparison& comparison) {
  std::vector<Decision> all;
  for (const auto& figure : comparison.figures) all.push_back(figure.decision);
  return all;
}

/// The only gap, which must be of this kind: "label: reason".
std::string only_gap(const Comparison& comparison, Gap gap) {
  EXPECT_THAT(comparison.figures, IsEmpty());
  EXPECT_THAT(comparison.gaps, SizeIs(1));
  if (comparison.gaps.size() != 1) return {};
  EXPECT_EQ(name(comparison.gaps[0].gap), name(gap));
  return comparison.gaps[0].label + ": " + comparison.gaps[0].reason;
}

TEST(Compare, HigherIsFasterWhereHigherIsBetter) {
  EXPECT_THAT(decisions(compared(run(400e9), run(300e9))), ElementsAre(Decision::slower));
  EXPECT_THAT(decisions(compared(run(300e9), run(400e9))), ElementsAre(Decision::faster));
  EXPECT_THAT(decisions(compared(run(400e9), run(400e9))), ElementsAre(Decision::same));
}

TEST(Compare, LowerIsFasterWhereLowerIsBetter) {
  auto in_time = rules();
  in_time.metric = "time";
  const auto comparison = compare(run(400e9), run(300e9), in_time);
  ASSERT_THAT(decisions(comparison), ElementsAre(Decision::slower));
  EXPECT_NEAR(comparison.figures[0].ratio.value, 4.0 / 3, .02);
  EXPECT_THAT(decisions(compare(run(300e9), run(400e9), in_time)), ElementsAre(Decision::faster));
}

TEST(Compare, ASmallChangeIsNoneHoweverSure) {
  const auto still = [](double level) { return run(CaseSpec{.values = steady(level, 1e-4)}); };
  EXPECT_THAT(decisions(compared(still(400e9), still(396e9))), ElementsAre(Decision::same));
  auto strict = rules();
  strict.margin = 0.001;
  EXPECT_THAT(decisions(compare(still(400e9), still(396e9), strict)),
              ElementsAre(Decision::slower));
}

TEST(Compare, TooFewIterationsDecideNothing) {
  const auto few = run(CaseSpec{.iterations = 9});
  const auto comparison = compared(few, few);
  ASSERT_THAT(decisions(comparison), ElementsAre(Decision::undecided));
  EXPECT_FALSE(comparison.figures[0].ratio.interval);
  EXPECT_EQ(outcome(comparison), CompareOutcome::undecided);
  EXPECT_EQ(exit_code(comparison), ExitCode::undecided);
}

TEST(Compare, GroupsOneByOneByRankAndHost) {
  auto base = test::document(2, 2), next = test::document(2, 2);
  add(base, each(steady(10e9)));
  add(next, each([](std::size_t group, std::size_t i) {
        return steady(group == 3 ? 5e9 : 10e9)(group + 7, i);
      }));
  const auto comparison = compared(base, next);
  ASSERT_THAT(decisions(comparison),
              ElementsAre(Decision::same, Decision::same, Decision::same, Decision::slower));
  EXPECT_EQ(comparison.figures[3].ranks, "3");
  EXPECT_THAT(comparison.figures[3].hosts, ElementsAre("n1"));
  EXPECT_NEAR(comparison.figures[3].ratio.value, .5, .01);
  EXPECT_DOUBLE_EQ(comparison.confidence_each, 1 - .05 / 4);
}

TEST(Compare, MoreFiguresWidenEveryInterval) {
  auto base = test::document(1, 1);
  add(base, each(steady(10e9)));
  const auto alone = compared(base, base);
  for (int size = 1; size <= 40; ++size) {
    auto spec = each(steady(10e9));
    spec.id = "x" + std::to_string(size);
    spec.bytes = size;
    add(base, spec);
  }
  const auto many = compared(base, base);
  EXPECT_DOUBLE_EQ(alone.confidence_each, .95);
  EXPECT_DOUBLE_EQ(many.confidence_each, 1 - .05 / 41);
  EXPECT_LT(many.figures[0].ratio.interval->lower, alone.figures[0].ratio.interval->lower);
  EXPECT_GT(many.figures[0].ratio.interval->upper, alone.figures[0].ratio.interval->upper);
}

TEST(Compare, PairsByWhatIsMeasuredNotById) {
  auto base = test::document(2, 2), next = test::document(2, 2);
  add(base, {.id = "c001", .bytes = 8, .values = steady(1e9)});
  add(base, {.id = "c002", .bytes = 1024, .values = steady(2e9)});
  add(next, {.id = "c001", .bytes = 1024, .values = steady(2e9)});
  add(next, {.id = "c002", .bytes = 8, .values = steady(1e9)});
  const auto comparison = compared(base, next);
  ASSERT_THAT(decisions(comparison), ElementsAre(Decision::same, Decision::same));
  EXPECT_EQ(comparison.figures[0].base_id, "c001");
  EXPECT_EQ(comparison.figures[0].next_id, "c002");
  EXPECT_EQ(comparison.figures[0].label, "all_reduce 8 B fp32 sum world stream");
}

TEST(Compare, FirstRepetitionsMatchWhetherOrNotTheyAreNamed) {
  auto next = run(400e9);
  next.cases[0].spec.dims["repetition"] = std::int64_t{0};
  EXPECT_THAT(compared(run(400e9), next).figures, SizeIs(1));
  next.cases[0].spec.dims["repetition"] = std::int64_t{1};
  EXPECT_THAT(compared(run(400e9), next).figures, IsEmpty());
}

TEST(Compare, WhatOnlyOneRunHasIsListed) {
  auto base = run(400e9);
  auto next = base;
  add(next, each(steady(10e9)));
  const auto more = compared(base, next), less = compared(next, base);
  EXPECT_EQ(more.count(Gap::only_next), 1u);
  EXPECT_EQ(exit_code(more), ExitCode::ok) << "what BASE lacks cannot fall behind it";
  ASSERT_EQ(less.count(Gap::only_base), 1u);
  EXPECT_EQ(exit_code(less), ExitCode::undecided) << "coverage was lost";
  EXPECT_EQ(less.gaps[0].label, "copy 1 MiB each stream");
}

TEST(Compare, ASkippedCaseIsMissingWithItsReason) {
  const auto base = run(400e9);
  auto next = base;
  next.cases[0].status = result::Status::skipped;
  next.cases[0].reason = "nccl: not built";
  EXPECT_THAT(only_gap(compared(base, next), Gap::only_base),
              HasSubstr("in NEW skipped: nccl: not built"));
  const auto neither = compared(next, next);
  EXPECT_THAT(neither.gaps, IsEmpty());
  EXPECT_EQ(outcome(neither), CompareOutcome::not_compared) << "nothing was compared";
}

TEST(Compare, ANamedMetricSkipsWhatDoesNotYieldIt) {
  auto base = run(400e9);
  add(base, each(steady(10e9)));
  auto busbw = rules();
  busbw.metric = "busbw";
  const auto comparison = compare(base, base, busbw);
  EXPECT_THAT(comparison.figures, SizeIs(1));
  EXPECT_THAT(comparison.gaps, IsEmpty());
  EXPECT_EQ(comparison.without_metric, 1u);
  EXPECT_EQ(exit_code(comparison), ExitCode::ok);
}

TEST(Compare, AMainMetricThatIsAbsentGivesWayOrIsRefused) {
  auto base = run(400e9);
  base.cases[0].work[0].amount.erase("bus_bytes");
  base.cases[0].work[0].absent["bus_bytes"] = "one rank has no bus";
  EXPECT_EQ(compared(base, base).figures.at(0).metric->name, "algbw") << "the next is taken";
  auto nothing_else = rules();
  nothing_else.metrics["all_reduce"] = {"busbw"};
  EXPECT_THAT(only_gap(compare(base, base, nothing_else), Gap::refused),
              HasSubstr("in both runs 1 of 1 groups have no busbw: one rank has no bus"));
}

TEST(Compare, TheHarnessItselfIsLeftOut) {
  auto base = run(400e9), next = run(400e9);
  add(base, {.id = "c002", .benchmark = "noop", .values = steady(20e-9)});
  add(next, {.id = "c002", .benchmark = "noop", .values = steady(90e-9)});
  EXPECT_THAT(decisions(compared(base, next)), ElementsAre(Decision::same));
}

// --- numbers that mean different things ---

struct Change {
  std::string name;
  void (*apply)(ResultDocument&);
  std::string reason;
};
void PrintTo(const Change& change, std::ostream* out) { *out << change.name; }

class Refused : public testing::TestWithParam<Change> {};

TEST_P(Refused, WithASentence) {
  const auto base = run(400e9);
  auto next = base;
  GetParam().apply(next);
  const auto comparison = compared(base, next);
  EXPECT_THAT(only_gap(comparison, Gap::refused), HasSubstr(GetParam().reason));
  EXPECT_NE(exit_code(comparison), ExitCode::ok);
}

result::CaseResult& only(ResultDocument& d) { return d.cases.front(); }

INSTANTIATE_TEST_SUITE_P(
    Compare, Refused,
    testing::Values(
        Change{"pacing", [](auto& d) { only(d).spec.protocol.pacing = Pacing::isolated; },
               "the pacing is stream in BASE and isolated in NEW: they are different figures"},
        Change{"cache", [](auto& d) { only(d).spec.protocol.cache = Cache::warm; },
               "the cache is cold in BASE and warm in NEW"},
        Change{"path", [](auto& d) { only(d).path = "chunked"; },
               "the path is not stated in BASE and chunked in NEW"},
        Change{"reduction", [](auto& d) { only(d).reduction = "assay"; },
               "the reduction is not stated in BASE and assay in NEW"},
        Change{"sync", [](auto& d) { only(d).notes["sync"] = "round-time"; },
               "the start of an iteration is not stated in BASE and round-time in NEW"},
        Change{"clock", [](auto& d) { d.run.clock.source = "TSC"; },
               "the clock is not stated in BASE and TSC in NEW"},
        Change{"provenance", [](auto& d) { d.provenance = result::Provenance::simulated; },
               "the provenance is measured in BASE and simulated in NEW"},
        Change{"size",
               [](auto& d) {
                 d.layouts["world"].rounds[0].at_once[0].members = {{0, 1}};
               },
               "the layout is 1 group of up to 4 ranks in BASE and 1 group of up to 2 ranks"},
        Change{"ranks",
               [](auto& d) {
                 d.layouts["world"].rounds[0].at_once[0].members = {{3, 3}, {0, 2}};
               },
               "of different ranks"},
        Change{"work", [](auto& d) { only(d).work[0].amount["bus_bytes"] = 2e9; },
               "the work of an iteration differs"},
        Change{"stop", [](auto& d) { only(d).spec.protocol.stop.kind = StopKind::precision; },
               "NEW: it was stopped by the width of an interval"},
        Change{"wrong", [](auto& d) { only(d).verify.after.wrong = 1; },
               "NEW: the data is wrong, however fast it was"}),
    [](const auto& test) { return test.param.name; });

TEST(Compare, WhatAFileHoldsIsPartOfTheFigure) {
  auto base = run(400e9);
  only(base).spec.dims["model"] = std::string("tiny");
  auto next = base;
  base.plan.inputs = {{"model-tiny.json", "a"}, {"model-x.json", "b"}};
  EXPECT_THAT(decisions(compared(base, next)), ElementsAre(Decision::same)) << "nobody knows";
  next.plan.inputs = {{"model-tiny.json", "a"}, {"model-x.json", "c"}};
  EXPECT_THAT(decisions(compared(base, next)), ElementsAre(Decision::same));
  next.plan.inputs = {{"model-tiny.json", "c"}};
  EXPECT_THAT(only_gap(compared(base, next), Gap::refused),
              HasSubstr("model=tiny is another file in NEW than in BASE: they are different"));
}

TEST(Compare, WhatGoesOnBesideIsPartOfTheFigure) {
  auto base = run(400e9);
  only(base).spec.dims["beside"] = std::string("all_to_all:layout=node");
  base.layouts["node"] = {"node", {{{Group{{{0, 1}}}, Group{{{2, 3}}}}}}};
  EXPECT_THAT(decisions(compared(base, base)), ElementsAre(Decision::same));
  auto next = base;
  next.layouts["node"] = {"node", {{{Group{{{0, 3}}}}}}};
  EXPECT_THAT(only_gap(compared(base, next), Gap::refused),
              HasSubstr("beside it, the layout is 2 groups of up to 2 ranks in BASE and 1 group"));
}

// --- the evidence of either run ---

TEST(Compare, WrongDataOfNewIsNotMet) {
  const auto base = run(400e9);
  auto wrong = base;
  wrong.cases[0].verify.before.wrong = 3;
  EXPECT_EQ(outcome(compared(base, wrong)), CompareOutcome::wrong_data);
  EXPECT_EQ(exit_code(compared(base, wrong)), ExitCode::not_met);
  EXPECT_EQ(outcome(compared(wrong, base)), CompareOutcome::not_compared);
  EXPECT_EQ(exit_code(compared(wrong, base)), ExitCode::undecided) << "a baseline to replace";
}

TEST(Compare, AnIncompleteOrUncheckedRunIsNeverTheSame) {
  const auto good = run(400e9);
  auto cut = good, unchecked = good;
  cut.run.complete = false;
  cut.run.reason = "a hang";
  unchecked.cases[0].verify.done = false;
  for (const auto& bad : {cut, unchecked}) {
    EXPECT_EQ(exit_code(compared(good, bad)), ExitCode::undecided);
    EXPECT_EQ(exit_code(compared(bad, good)), ExitCode::undecided);
    EXPECT_THAT(compared(good, bad).objections, SizeIs(1));
  }
  EXPECT_TRUE(compared(cut, good).objections[0].in_base);
  EXPECT_THAT(compared(cut, good).objections[0].finding.sentence, HasSubstr("a hang"));
}

TEST(Compare, SlowerWeighsMoreThanUndecided) {
  auto base = run(400e9), next = run(300e9);
  base.run.complete = false;
  auto few = each(steady(10e9));
  few.iterations = 9;
  add(base, few);
  add(next, few);
  const auto comparison = compared(base, next);
  EXPECT_EQ(comparison.count(Decision::undecided), 4u);
  EXPECT_EQ(outcome(comparison), CompareOutcome::slower);
}

TEST(Compare, SaysWhatDiffersBetweenTheMachines) {
  auto base = run(400e9);
  base.run.id = "1";
  base.run.tool = {{"mpi", "4.1"}, {"git", "a"}};
  auto next = base;
  next.run.id = "2";
  EXPECT_THAT(compared(base, next).warnings, IsEmpty());
  next.topology.hosts[0].name = "n7";
  next.topology.fingerprints[0]["cpu"] = "y";
  next.run.tool["mpi"] = "5.0";
  next.run.environment["UCX_TLS"] = "rc";
  std::vector<std::string> evidence;
  for (const auto& warning : compared(base, next).warnings) evidence.push_back(warning.evidence);
  EXPECT_THAT(evidence, ElementsAre("hosts n0, n1 → n1, n7", "cpu x → y", "mpi 4.1 → 5.0",
                                    "UCX_TLS none → rc"));
  EXPECT_EQ(compared(base, base).warnings.at(0).code, "same_run");
}

TEST(Compare, TheDocumentIsValidAndWithoutNaN) {
  auto base = run(400e9), next = run(300e9);
  auto few = each(steady(10e9));
  few.iterations = 9;
  add(base, few);
  next.run.tool["mpi"] = "5.0";
  next.run.complete = false;
  const auto comparison = compared(base, next);
  const auto json = to_json(comparison, {std::string(64, 'a'), std::string(64, 'b')});
  EXPECT_EQ(test::schema_errors(nlohmann::json::parse(json.dump()), "compare"), "");
  EXPECT_EQ(json["exit_code"], 10);
  EXPECT_EQ(json["counts"]["slower"], 1);
  EXPECT_EQ(json["counts"]["only_base"], 1);
  EXPECT_EQ(json["objections"][0]["run"], "new");
  auto broken = nlohmann::json::parse(json.dump());
  broken["figures"][0]["decision"] = "better";
  EXPECT_NE(test::schema_errors(broken, "compare"), "");
}

}  // namespace
}  // namespace assay::contract

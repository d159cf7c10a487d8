// The judge on small documents: each outcome, each way to fail closed.
#include "harness/contract/judge.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/contract/evaluate.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/schema_errors.hpp"

namespace assay::contract {
namespace {

using result::ResultDocument;
using test::add;
using test::busbw_clause;
using test::CaseSpec;
using test::contract_of;
using test::copy_each;
using test::evenness;
using test::last;
using test::steady;
using test::world;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Judge, PassesWhatIsClearlyAbove) {
  const auto verdict = judge(contract_of(busbw_clause("\"350 GB/s\"")), world({}));
  const auto& finding = verdict.findings.back();
  EXPECT_EQ(verdict.outcome, Outcome::pass);
  EXPECT_EQ(exit_code(verdict), ExitCode::ok);
  EXPECT_THAT(finding.sentence,
              testing::MatchesRegex("median busbw 40[0-9.]+ GB/s \\[[0-9.]+ GB/s, [0-9.]+ GB/s\\]; "
                                    "at least 350.0 GB/s required\\. "
                                    "evidence c001"));
  EXPECT_EQ(finding.next, "");
  EXPECT_THAT(verdict.findings, SizeIs(3));  // correct, complete, ar
  EXPECT_EQ(verdict.pass, 3u);
}

TEST(Judge, FailsWhatIsClearlyBelow) {
  const auto verdict = judge(contract_of(busbw_clause("\"460 GB/s\"")), world({}));
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_EQ(exit_code(verdict), ExitCode::not_met);
  EXPECT_THAT(verdict.findings.back().sentence, HasSubstr("64 of 64 blocks below"));
  EXPECT_EQ(verdict.findings.back().next,
            "assay run all_reduce -b 1073741824 --layout pairs --pacing stream");
  EXPECT_THAT(verdict.failed_hosts, IsEmpty());  // the world blames nobody
}

TEST(Judge, SaysWhatOthersHavePublished) {
  const auto sentence = [](const std::string& value) {
    const auto published = R"(,"published":{"source":"a guide","value":)" + value + "}";
    const auto contract = contract_of(busbw_clause("\"460 GB/s\"", published));
    return judge(contract, world({})).findings.back().sentence;
  };
  EXPECT_THAT(sentence("\"479.9 GB/s\""),
              HasSubstr("at least 460.0 GB/s required (published: 479.9 GB/s)"));
  EXPECT_THAT(sentence("null"), testing::Not(HasSubstr("published")));
}

TEST(Judge, TruthInsideTheGuardStaysInconclusive) {
  CaseSpec spec;
  spec.values = steady(399e9, 0.02);  // bound 400, guarded 392
  const auto verdict = judge(contract_of(busbw_clause("\"400 GB/s\"")), world(spec));
  EXPECT_EQ(verdict.outcome, Outcome::inconclusive);
  EXPECT_EQ(exit_code(verdict), ExitCode::undecided);
  EXPECT_THAT(
      verdict.findings.back().sentence,
      HasSubstr("passing needs evidence of ≥ 392.0 GB/s (400.0 GB/s − 2%), failing of < 400.0 "
                "GB/s"));
}

TEST(Judge, ExactCountsDecideAtTheBoundary) {
  // 64 blocks, α = .05: the regime test passes with at most 2 blocks below the guarded bound.
  const auto with_bad = [](std::size_t bad) {
    CaseSpec spec;
    // Spread over time, so that they do not look like one slow period.
    spec.values = [=](std::size_t, std::size_t i) {
      return i < 64 && i % 20 == 10 && i / 20 < bad ? 300e9 : 400e9;
    };
    return last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec));
  };
  EXPECT_EQ(with_bad(2).outcome, Outcome::pass);
  EXPECT_EQ(with_bad(3).outcome, Outcome::inconclusive);
  EXPECT_THAT(with_bad(3).sentence,
              HasSubstr("3 of 64 blocks below 343.0 GB/s, where a pass allows 2"));
  const auto tests = with_bad(2).scopes.at(0).tests;
  ASSERT_THAT(tests, SizeIs(2));
  EXPECT_EQ(tests[0].accept_at_most, 24);
  EXPECT_EQ(tests[1].accept_at_most, 2);
  EXPECT_EQ(tests[1].bad_guarded, 2);
}

TEST(Judge, ASlowQuarterOfTheTimeFailsThoughTheMedianIsFine) {
  CaseSpec spec;
  spec.values = [](std::size_t, std::size_t i) {
    return test::noise(i + 77) < -0.4 ? 300e9 : 400e9;
  };
  spec.iterations = 200;
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec));
  EXPECT_EQ(finding.outcome, Outcome::fail);
  EXPECT_THAT(finding.sentence, HasSubstr("below 343.0 GB/s, where a tenth may be"));
}

TEST(Judge, TooFewBlocksPassNothing) {
  CaseSpec spec;
  spec.iterations = 28;
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec));
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("28 blocks of 1 are too few to pass"));
  EXPECT_EQ(finding.next, "assay run --contract FILE --blocks 29");
  spec.iterations = 29;
  EXPECT_EQ(last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec)).outcome, Outcome::pass);
}

/// Each of 64 blocks of one step is below the bound, but one step in a hundred need not be among
/// them.
TEST(Judge, AFewIterationsHaveNoTail) {
  const auto outcome = [](double q, std::size_t iterations) {
    CaseSpec spec;
    spec.block_length = 1;
    spec.iterations = iterations;
    const auto clause = busbw_clause("\"350 GB/s\"");
    auto contract = contract_of(clause);
    contract.clauses[0].q = q;
    return judge(contract, world(spec)).findings.back();
  };
  EXPECT_EQ(outcome(0.5, 64).outcome, Outcome::pass);
  EXPECT_EQ(outcome(0.05, 199).outcome, Outcome::inconclusive);
  EXPECT_THAT(outcome(0.01, 64).sentence,
              HasSubstr("64 iterations are too few to say that a quantile of 0.01 is met: 1000 are "
                        "needed"));
  EXPECT_EQ(outcome(0.05, 200).outcome, Outcome::pass);
  EXPECT_EQ(outcome(0.99, 999).outcome, Outcome::inconclusive);
  EXPECT_EQ(outcome(0.99, 1000).outcome, Outcome::pass);
}

TEST(Judge, BlocksThatTheTimeCutAskForTime) {
  CaseSpec spec;
  spec.iterations = 28;
  auto d = world(spec);
  d.cases[0].elapsed_s = 14;
  d.cases[0].samples.flags.push_back({"time_cap", 0, "36 of the planned blocks did not fit"});
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), d);
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_EQ(finding.next,
            "assay run --contract FILE --max-time-per-case 48");  // 14 s · 64/28 · 1.5
  EXPECT_THAT(finding.sentence, HasSubstr("36 of the planned blocks did not fit. evidence c001"));
  // Where the plan had too few of them too, time alone would not do.
  d.cases[0].spec.protocol.stop.blocks = 20;
  EXPECT_EQ(last(contract_of(busbw_clause("\"350 GB/s\"")), d).next,
            "assay run --contract FILE --max-time-per-case 22 --blocks 29");
}

TEST(Judge, NoTimeIsAskedForWhatMoreBlocksWouldNotDecide) {
  CaseSpec spec;
  // A tenth of the blocks below the guarded bound, fewer than half below the bound: for ever.
  spec.values = [](std::size_t, std::size_t i) {
    if (i % 10 == 5) return 380e9;
    return i % 10 < 3 ? 395e9 : 405e9;
  };
  spec.iterations = 50;
  auto d = world(spec);
  d.cases[0].samples.flags.push_back({"time_cap", 0, "14 of the planned blocks did not fit"});
  const auto finding = last(contract_of(busbw_clause("\"400 GB/s\"")), d);
  ASSERT_EQ(finding.outcome, Outcome::inconclusive);
  ASSERT_EQ(finding.scopes.at(0).projected_blocks, std::nullopt);
  EXPECT_THAT(finding.next, testing::Not(HasSubstr("--max-time-per-case")));
}

TEST(Judge, TheNextCommandNamesTheContractThatThePersonHas) {
  Finding finding;
  finding.next = "assay run --contract FILE --blocks 29";
  EXPECT_EQ(next_command(finding, "my/lease.json"),
            "assay run --contract my/lease.json --blocks 29");
  finding.next = "assay run copy --layout alone";
  EXPECT_EQ(next_command(finding, "my/lease.json"), finding.next);
}

TEST(Judge, RanksWithoutAPilotAreNamed) {
  CaseSpec spec;
  spec.layout = "each";
  spec.benchmark = "copy";
  spec.block_length = 0;
  spec.pilot = 500;
  auto d = world(spec);
  auto& series = d.cases[0].samples.series;
  std::erase_if(series, [](const Series& s) { return s.name == "pilot" && s.group == 2; });
  const auto contract = contract_of(
      R"({"id":"c","of":{"benchmark":"copy"},"metric":"bandwidth","at_least":"1 GB/s"})");
  EXPECT_THAT(last(contract, d).sentence,
              HasSubstr("rank 2 on host n1 left no pilot to take a block length from"));
}

TEST(Judge, RanksWithoutSamplesAreNamedWhenGroupsAreJoined) {
  auto d = world({.id = "c002", .benchmark = "copy", .layout = "node", .values = steady(10e9)});
  auto& series = d.cases[0].samples.series;
  std::erase_if(series, [](const Series& s) { return s.name == "t_max" && s.group == 1; });
  EXPECT_THAT(last(contract_of(evenness("0.9")), d).sentence, HasSubstr("host n1: "));
}

TEST(Judge, IterationsThatFillNoBlockAreInconclusive) {
  CaseSpec spec;
  spec.block_length = 65;
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec));
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("64 iterations do not fill one block"));
}

TEST(Judge, AtMostIsTheMirrorImage) {
  const auto d = world({.id = "c001", .benchmark = "noop", .values = steady(2e-6)});
  const auto clause = [](const std::string& bound) {
    return contract_of(R"({"id":"n","of":{"benchmark":"noop"},"metric":"time","at_most":")" +
                       bound + "\"}");
  };
  EXPECT_EQ(last(clause("3 us"), d).outcome, Outcome::pass);
  const auto fail = last(clause("1.5 us"), d);
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_THAT(fail.sentence, HasSubstr("at most 1.500 us required; 64 of 64 blocks above"));
}

TEST(Judge, MatchingNothingIsNotMeasured) {
  const auto contract = contract_of(
      R"({"id":"x","of":{"benchmark":"all_to_all","type":"bf16"},"metric":"busbw","at_least":"1 GB/s"})");
  const auto verdict = judge(contract, world({}));
  EXPECT_EQ(verdict.outcome, Outcome::not_measured);
  EXPECT_EQ(verdict.findings.back().sentence, "no case matches benchmark=all_to_all, type=bf16");
  EXPECT_EQ(exit_code(verdict), ExitCode::undecided);
}

TEST(Judge, ASkippedCaseIsNotMeasuredWithItsReason) {
  auto d = world({});
  add(d, {.id = "c002", .layout = "node"});
  d.cases[1].status = result::Status::skipped;
  d.cases[1].reason = "no such backend";
  d.cases[1].spec.optional = true;
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), d);
  EXPECT_EQ(finding.outcome, Outcome::not_measured);
  EXPECT_THAT(finding.sentence, HasSubstr("was skipped: no such backend"));
}

TEST(Judge, NotANumberIsNeverAPass) {
  for (const float wrong : {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(), 0.0F, -1.0F}) {
    auto d = world({});
    for (auto& series : d.cases[0].samples.series)
      if (series.name == "t_max") series.values[7] = wrong;
    const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), d);
    EXPECT_EQ(finding.outcome, Outcome::not_measured) << wrong;
    EXPECT_NO_THROW(to_json(judge({}, d)));
  }
}

TEST(Judge, AbsentFiguresSamplesAndLayoutsAreNotMeasured) {
  auto no_work = world({});
  no_work.cases[0].work[0].amount.clear();
  no_work.cases[0].work[0].absent["bus_bytes"] = "one rank has no bus";
  const auto contract = contract_of(busbw_clause("\"350 GB/s\""));
  EXPECT_EQ(last(contract, no_work).outcome, Outcome::not_measured);
  EXPECT_THAT(last(contract, no_work).sentence, HasSubstr("one rank has no bus"));
  auto no_samples = world({});
  no_samples.cases[0].samples.series.clear();
  EXPECT_EQ(last(contract, no_samples).outcome, Outcome::not_measured);
  auto no_layout = world({});
  no_layout.layouts.clear();
  EXPECT_EQ(last(contract, no_layout).outcome, Outcome::not_measured);
  auto one_group_missing = test::document(2, 2);
  add(one_group_missing, {.layout = "node"});
  std::erase_if(one_group_missing.cases[0].samples.series,
                [](const Series& s) { return s.group == 1; });
  EXPECT_EQ(last(contract, one_group_missing).outcome, Outcome::not_measured);
}

TEST(Judge, CasesStoppedByPrecisionAreRefused) {
  auto d = world({});
  d.cases[0].spec.protocol.stop.kind = StopKind::precision;
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), d);
  EXPECT_EQ(finding.outcome, Outcome::not_measured);
  EXPECT_THAT(finding.sentence, HasSubstr("stopped by the width of an interval"));
}

TEST(Judge, TakesTheBlockLengthFromThePilotAndNotFromTheRun) {
  CaseSpec spec;
  spec.block_length = 0;
  spec.pilot = 500;
  spec.iterations = 64 * 11;
  auto d = world(spec);
  d.cases[0].samples.block_length = 1;  // what the run says
  const auto scope = last(contract_of(busbw_clause("\"350 GB/s\"")), d).scopes.at(0);
  EXPECT_GE(scope.block_length, 11);  // 10 τ, τ ≥ 1
  EXPECT_FALSE(scope.block_length_fixed);
  EXPECT_TRUE(scope.sigma);
  EXPECT_EQ(scope.outcome, Outcome::pass);
}

TEST(Judge, AShortOrMissingPilotIsInconclusive) {
  CaseSpec spec;
  spec.block_length = 0;
  spec.pilot = 499;
  spec.iterations = 1000;
  const auto contract = contract_of(busbw_clause("\"350 GB/s\""));
  EXPECT_THAT(last(contract, world(spec)).sentence,
              HasSubstr("the pilot of 499 iterations is too short: 500 are needed"));
  EXPECT_EQ(last(contract, world(spec)).outcome, Outcome::inconclusive);
  spec.pilot = 0;
  EXPECT_EQ(last(contract, world(spec)).outcome, Outcome::inconclusive);
}

TEST(Judge, BlocksThatRememberEachOtherProveNothing) {
  CaseSpec spec;
  // Half of the time below the bound, in long periods: a coin would not fall so.
  spec.values = [](std::size_t, std::size_t i) { return i / 16 % 2 == 0 ? 400e9 : 355e9; };
  const auto finding =
      last(contract_of(busbw_clause("\"360 GB/s\"", R"(,"guard":"1%")")), world(spec));
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("neighbouring blocks are alike"));
}

TEST(Judge, ADriftTowardsTheBoundForbidsAPass) {
  CaseSpec spec;
  spec.values = [](std::size_t, std::size_t i) { return 400e9 - 0.7e9 * static_cast<double>(i); };
  const auto finding = last(contract_of(busbw_clause("\"350 GB/s\"")), world(spec));
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("it would pass, but drifts by"));
  // Far from the bound the same drift is harmless.
  EXPECT_EQ(last(contract_of(busbw_clause("\"200 GB/s\"")), world(spec)).outcome, Outcome::pass);
}

/// The minimum of three iterations as "5% quantile": a tenth of all iterations is at 325, but only
/// a quarter of the blocks sees one. So the median over blocks is 407 where the quantile is 325.
ResultDocument biased(double one_block) {
  CaseSpec spec;
  spec.block_length = 3;
  spec.iterations = 67 * 3;
  spec.values = [=](std::size_t, std::size_t i) {
    if (i == 100) return one_block;
    const auto u = test::noise(i * 7 + 3);
    return u < -0.8 ? 325e9 : 410e9 + u * 5e9;
  };
  return world(spec);
}

TEST(Judge, AMedianOverBlocksBesideTheMarginalQuantileDecidesNothing) {
  const auto contract = contract_of(busbw_clause("\"400 GB/s\"", R"(,"q":0.05,"guard":"20%")"));
  const auto finding = last(contract, biased(300e9));
  EXPECT_EQ(finding.scopes.at(0).tests.at(1).bad_guarded, 1);
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("longer blocks are needed"));
  // No block contradicts the guarded bound: then the marginal quantile cannot either.
  EXPECT_EQ(last(contract, biased(410e9)).outcome, Outcome::pass);
}

TEST(Judge, FailTakesMoreEvidenceWhenThereAreMoreScopes) {
  // α_FR is shared by all scopes of all clauses: 1 here, 8 there.
  CaseSpec spec;
  auto one = world(spec);
  auto eight = test::document(2, 4);
  spec.layout = "each";
  add(eight, spec);
  const auto contract = contract_of(busbw_clause("\"350 GB/s\""));
  const auto few = last(contract, one), many = last(contract, eight);
  EXPECT_DOUBLE_EQ(few.alpha_fail, 0.05);
  EXPECT_DOUBLE_EQ(many.alpha_fail, 0.05 / 8);
  EXPECT_EQ(many.alpha_pass, 0.05);  // every scope must pass: nothing to share
  EXPECT_LT(few.scopes.at(0).tests[0].reject_at_least, many.scopes.at(0).tests[0].reject_at_least);
  add(eight, {.id = "c002", .benchmark = "copy", .layout = "node", .values = steady(10e9)});
  const auto two = judge(contract_of(busbw_clause("\"350 GB/s\"") + "," + evenness("0.5")), eight);
  EXPECT_DOUBLE_EQ(two.findings.back().alpha_fail, 0.05 / 9);
  add(eight, {.id = "c003", .layout = "node"});
  EXPECT_DOUBLE_EQ(last(contract, eight).alpha_fail, 0.05 / 10);
  EXPECT_THAT(many.sentence, testing::StartsWith("worst of 8: rank"));
}

TEST(Judge, PrecedenceIsFailThenNotMeasuredThenInconclusiveThenPass) {
  const auto pass = busbw_clause("\"350 GB/s\"");
  auto fail = busbw_clause("\"460 GB/s\"");
  fail.replace(fail.find("\"ar\""), 4, "\"f\"");
  const std::string absent =
      R"({"id":"n","of":{"benchmark":"gemm"},"metric":"flops","at_least":"1 GFLOP/s"})";
  const std::string unsure =
      R"({"id":"i","of":{"benchmark":"copy"},"metric":"bandwidth","at_least":"1 GB/s"})";
  auto d = world({});
  add(d, {.id = "c002",
          .benchmark = "copy",
          .layout = "each",
          .values = steady(2e9),
          .iterations = 5});
  EXPECT_EQ(judge(contract_of(pass), d).outcome, Outcome::pass);
  EXPECT_EQ(judge(contract_of(pass + "," + unsure), d).outcome, Outcome::inconclusive);
  EXPECT_EQ(judge(contract_of(pass + "," + unsure + "," + absent), d).outcome,
            Outcome::not_measured);
  const auto all = judge(contract_of(pass + "," + unsure + "," + absent + "," + fail), d);
  EXPECT_EQ(all.outcome, Outcome::fail);
  EXPECT_EQ(all.fail, 1u);
  EXPECT_EQ(all.not_measured, 1u);
  EXPECT_EQ(all.inconclusive, 1u);
  EXPECT_EQ(all.pass, 3u);
}

Contract mixed() {
  return contract_of(
      busbw_clause("\"390 GB/s\"") + "," + evenness("0.9") + "," +
      R"({"id":"r","of":{"benchmark":"all_reduce"},"metric":"busbw","at_least":{"times":30,"metric":"bandwidth","across":"median","of":{"benchmark":"copy"}}})");
}

ResultDocument mixed_document() {
  auto d = test::document(2, 4);
  add(d, {});
  add(d, copy_each());
  add(d, {.id = "c003", .layout = "node"});
  add(d, {.id = "c004", .benchmark = "noop", .values = steady(1e-6)});
  return d;
}

TEST(Judge, SaysTheSameTwiceAndInAnyOrderOfCases) {
  auto d = mixed_document();
  const auto first = to_json(judge(mixed(), d)).dump();
  EXPECT_EQ(to_json(judge(mixed(), d)).dump(), first);
  std::reverse(d.cases.begin(), d.cases.end());
  EXPECT_EQ(to_json(judge(mixed(), d)).dump(), first);
}

TEST(Judge, VerdictsAreValidAgainstTheirSchema) {
  auto d = mixed_document();
  auto verdict = judge(mixed(), d);
  verdict.contract_sha256 = std::string(64, 'a');
  EXPECT_EQ(test::schema_errors(nlohmann::json(to_json(verdict)), "verdict"), "");
  d.cases[0].status = result::Status::failed;
  d.run.complete = false;
  EXPECT_EQ(test::schema_errors(nlohmann::json(to_json(judge(mixed(), d))), "verdict"), "");
  EXPECT_EQ(test::schema_errors(nlohmann::json(to_json(judge({}, d))), "verdict"), "");
  auto broken = nlohmann::json(to_json(verdict));
  broken["findings"][0]["outcome"] = "maybe";
  EXPECT_NE(test::schema_errors(broken, "verdict"), "");
}

TEST(Judge, KeepsTheWorstScopesAndCountsAll) {
  auto d = test::document(10, 10);
  add(d, {.layout = "each", .values = [](std::size_t group, std::size_t i) {
            return (300e9 + 1e9 * static_cast<double>(group)) * (1 + 1e-4 * test::noise(i));
          }});
  const auto finding = last(contract_of(busbw_clause("\"391.5 GB/s\"", R"(,"guard":"0.1%")")), d);
  EXPECT_EQ(finding.scopes_total, 100u);
  EXPECT_EQ(finding.scopes_failed, 92u);
  ASSERT_THAT(finding.scopes, SizeIs(65));
  EXPECT_EQ(finding.scopes.front().ranks, "0");
  EXPECT_EQ(finding.scopes.back().outcome, Outcome::pass);
  EXPECT_EQ(finding.scopes.back().ranks, "92");
}

TEST(Evaluate, TheShortCutNeverDisagrees) {
  const auto contract = contract_of(busbw_clause("\"100 B/s\""));
  Question question{.clause = &contract.clauses[0], .pass_bound = 100.0, .fail_bound = 100.0};
  std::size_t taken = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Blocks blocks;
    const auto n = 20 + seed % 60;
    const auto level = 100.0 + static_cast<double>(seed % 7),
               drift = 0.02 * static_cast<double>(seed % 5);
    for (std::uint64_t i = 0; i < n; ++i)
      blocks.quantiles.push_back(level + test::noise(seed * 1000 + i) * (seed % 9 == 0 ? 10 : 3) -
                                 drift * static_cast<double>(i));
    blocks.values = blocks.quantiles;
    blocks.iterations = std::ssize(blocks.values);
    if (!surely_passes(blocks, question)) continue;
    ++taken;
    EXPECT_EQ(evaluate(blocks, question).outcome, Outcome::pass) << seed;
  }
  EXPECT_GT(taken, 50u);
}

}  // namespace
}  // namespace assay::contract

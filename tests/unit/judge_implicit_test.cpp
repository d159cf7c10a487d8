// Clauses that every run has: expects, correct, complete.
#include <gmock/gmock.h>

#include "harness/contract/judge.hpp"
#include "tests/unit/documents.hpp"

namespace assay::contract {
namespace {

using result::ResultDocument;
using test::add;
using test::contract_of;
using testing::ElementsAre;

ResultDocument two_by_two() {
  auto d = test::document(2, 2);
  add(d, {});
  return d;
}

Verdict verdict_of(const ResultDocument& d, const std::string& expects = "") {
  return judge(contract_of("", expects.empty() ? "" : "\"expects\":" + expects + ","), d);
}

TEST(Expects, TwoNodesCannotPassAContractForAThousand) {
  const auto verdict = verdict_of(two_by_two(), R"({"nodes":1000})");
  EXPECT_EQ(verdict.findings[0].clause, "expects");
  EXPECT_EQ(verdict.findings[0].sentence, "1000 nodes are expected, the run had 2");
  EXPECT_EQ(exit_code(verdict), ExitCode::not_met);
}

TEST(Expects, CountsRanksOnEveryNode) {
  auto d = two_by_two();
  EXPECT_EQ(verdict_of(d, R"({"nodes":2,"ranks_per_node":2})").outcome, Outcome::pass);
  d.topology.hosts[1].ranks = {{2, 2, 1}};
  const auto verdict = verdict_of(d, R"({"nodes":2,"ranks_per_node":2})");
  EXPECT_EQ(verdict.findings[0].sentence, "2 ranks on each node are expected, host n1 has 1");
  EXPECT_THAT(verdict.failed_hosts, ElementsAre("n1"));
}

/// Of two hosts with two ranks each: rank 0's environment, and who has what otherwise.
ResultDocument with_settings(std::map<std::string, std::string> of_rank_0,
                             std::optional<std::vector<result::SetOtherwise>> otherwise) {
  auto d = two_by_two();
  d.run.environment = std::move(of_rank_0);
  d.topology.set_otherwise = std::move(otherwise);
  return d;
}
const std::string forbids = R"({"environment":{"forbidden":["NCCL_ALGO","NCCL_PROTO"]}})";

TEST(Expects, NothingForbiddenIsSet) {
  const auto verdict = verdict_of(with_settings({{"NCCL_DEBUG", "INFO"}}, {{}}), forbids);
  EXPECT_EQ(verdict.findings[0].sentence, "no NCCL_ALGO, no NCCL_PROTO, as expected");
  EXPECT_EQ(verdict.outcome, Outcome::pass);
}

TEST(Expects, NamesWhatIsForbiddenAndWhereItIsSet) {
  const auto verdict = verdict_of(
      with_settings({{"NCCL_PROTO", "LL"}},
                    {{{"NCCL_ALGO", "Ring", {{2, 3, 1}}}, {"NCCL_PROTO", {}, {{2, 3, 1}}}}}),
      forbids);
  EXPECT_EQ(verdict.findings[0].sentence,
            "NCCL_ALGO=Ring is set on host n1, and must not be; NCCL_PROTO=LL is set on host n0, "
            "and must not be");
  EXPECT_THAT(verdict.failed_hosts, ElementsAre("n0", "n1"));
  EXPECT_EQ(exit_code(verdict), ExitCode::not_met);
}

TEST(Expects, WhatRank0HasSetAllHaveUnlessItIsSaid) {
  const auto verdict = verdict_of(with_settings({{"NCCL_ALGO", ""}}, {{}}), forbids);
  EXPECT_EQ(verdict.findings[0].sentence,
            "NCCL_ALGO= is set on host n0 and 1 more, and must not be");
}

/// A result of before such things were recorded.
TEST(Expects, WhatIsNotRecordedIsNoPass) {
  EXPECT_EQ(verdict_of(with_settings({}, {}), forbids).findings[0].sentence,
            "what ranks other than rank 0 had set is not recorded");
  EXPECT_EQ(exit_code(verdict_of(with_settings({}, {}), forbids)), ExitCode::undecided);
  EXPECT_EQ(verdict_of(with_settings({{"NCCL_ALGO", "Tree"}}, {}), forbids).findings[0].sentence,
            "NCCL_ALGO=Tree is set on host n0, and must not be");
}

/// What was measured in a later attempt counts like the rest.
TEST(Expects, NothingForbiddenIsSetInALaterAttempt) {
  auto d = with_settings({}, {{}});
  d.resumed.push_back({.topology = d.topology, .environment = {{"NCCL_PROTO", "LL"}}});
  EXPECT_EQ(verdict_of(d, forbids).findings[0].sentence,
            "NCCL_PROTO=LL is set on host n0 and 1 more, and must not be");
}

TEST(Expects, ChecksEveryDevice) {
  auto d = two_by_two();
  EXPECT_EQ(verdict_of(d, R"({"device":"H100"})").findings[0].sentence,
            "device H100 is expected, the inventory lists none");
  d.topology.devices = {{{"gpu", "NVIDIA h100 80GB"}},
                        {{"gpu", "NVIDIA A100"}, {"host", "h100-7"}}};
  EXPECT_EQ(verdict_of(d, R"({"device":"H100"})").findings[0].sentence,
            "device H100 is expected, 1 of 2 devices are others");
  d.topology.devices.pop_back();
  EXPECT_EQ(verdict_of(d, R"({"device":"H100"})").outcome, Outcome::pass);
  d.topology.devices = {{{"gpu", "NVIDIA GB200"}}};
  EXPECT_EQ(verdict_of(d, R"({"device":"GB200"})").outcome, Outcome::pass);
  EXPECT_NE(verdict_of(d, R"({"device":"B200"})").outcome, Outcome::pass);
}

std::string digest_of(char digit) { return std::string(64, digit); }

/// Two files have one name, and the run had one of them.
TEST(Expects, NamesTheFileThatIsAnother) {
  auto d = two_by_two();
  d.plan.inputs = {{"model-tiny.json", digest_of('a')}, {"model-x.json", digest_of('c')}};
  const auto expecting = [&](const std::string& file, char digit) {
    return verdict_of(d, R"({"files":{")" + file + R"(":")" + digest_of(digit) + "\"}}");
  };
  EXPECT_EQ(expecting("model-tiny.json", 'a').findings[0].sentence,
            "model-tiny.json aaaaaaaaaaaa…, as expected");
  EXPECT_EQ(expecting("model-tiny.json", 'a').outcome, Outcome::pass);
  const auto other = expecting("model-tiny.json", 'b');
  EXPECT_EQ(other.findings[0].sentence,
            "model-tiny.json is another file: SHA-256 bbbbbbbbbbbb… is expected, the run had "
            "aaaaaaaaaaaa…");
  EXPECT_EQ(exit_code(other), ExitCode::not_met);
  const auto unknown = expecting("parallelism-tiny-dp2.json", 'a');
  EXPECT_EQ(unknown.findings[0].sentence,
            "the result does not say that a case used parallelism-tiny-dp2.json");
  EXPECT_EQ(exit_code(unknown), ExitCode::undecided);
}

TEST(Expects, PretendedNodesAreNoEvidence) {
  auto d = two_by_two();
  d.topology.stated = true;
  const auto verdict = verdict_of(d, R"({"nodes":2})");
  EXPECT_EQ(verdict.outcome, Outcome::not_measured);
  EXPECT_EQ(verdict_of(d).outcome, Outcome::pass);  // nothing is expected
}

TEST(Correct, AWrongElementFailsHoweverFastItWas) {
  auto d = two_by_two();
  auto& after = d.cases[0].verify.after;
  after.wrong = 3;
  after.first = WrongElement{3, "n1", "recv", 4711, "1.5", "0"};
  const auto verdict = verdict_of(d);
  EXPECT_EQ(verdict.findings[0].sentence,
            "all_reduce 1 GiB fp32 sum world stream (c001): 3 of 1000 elements wrong; the first on "
            "rank 3 (host n1), buffer recv, offset 4711: expected 1.5, got 0");
  EXPECT_EQ(verdict.outcome, Outcome::fail);
  EXPECT_THAT(verdict.failed_hosts, ElementsAre("n1"));
}

TEST(Correct, WordsOfTheDocumentSteerNeitherTerminalNorShell) {
  auto d = two_by_two();
  auto& after = d.cases[0].verify.after;
  after.wrong = 1;
  after.first = WrongElement{3, "n1\n\x1b[2J", "recv", 0, "1", "0"};
  EXPECT_EQ(verdict_of(d).findings[0].next, "assay run all_reduce --layout pairs");
  d.cases[0].spec.benchmark = "noop; rm -rf ~";
  const auto finding = verdict_of(d).findings[0];
  EXPECT_THAT(finding.sentence, testing::HasSubstr("(host n1\\u000a\\u001b[2J)"));
  EXPECT_EQ(finding.next, "");
}

TEST(Correct, WrongDataOfAnUnfinishedCaseCountsToo) {
  auto d = two_by_two();
  d.cases[0].status = result::Status::failed;
  d.cases[0].verify.before.wrong = 1;
  EXPECT_EQ(verdict_of(d).findings[0].outcome, Outcome::fail);
}

TEST(Correct, UncheckedDataIsNotMeasured) {
  auto d = two_by_two();
  d.cases[0].verify.done = false;
  d.cases[0].verify.reason = "verification was switched off";
  const auto verdict = verdict_of(d);
  EXPECT_EQ(verdict.findings[0].outcome, Outcome::not_measured);
  EXPECT_EQ(
      verdict.findings[0].sentence,
      "the data of 1 of 1 cases was not checked, first all_reduce 1 GiB fp32 sum world stream "
      "(c001): verification was switched off");
}

TEST(Correct, TheHarnessItselfHasNothingToCheck) {
  auto d = two_by_two();
  add(d, {.id = "c002", .benchmark = "noop", .values = test::steady(1e-6)});
  d.cases[1].verify.done = false;
  EXPECT_EQ(verdict_of(d).outcome, Outcome::pass);
}

TEST(Correct, NothingMeasuredIsNoPass) {
  auto d = two_by_two();
  d.cases.clear();
  d.plan.cases = 0;
  EXPECT_EQ(verdict_of(d).findings[0].outcome, Outcome::not_measured);
}

TEST(Complete, AnUnfinishedRunHasItsOwnExitCode) {
  auto d = two_by_two();
  d.run.complete = false;
  d.run.reason = "rank 1 on n0 was killed";
  const auto verdict = verdict_of(d);
  EXPECT_EQ(verdict.findings[1].sentence, "the run did not complete: rank 1 on n0 was killed");
  EXPECT_EQ(exit_code(verdict), ExitCode::incomplete);
  d.cases[0].verify.after.wrong = 1;
  EXPECT_EQ(exit_code(verdict_of(d)), ExitCode::not_met);  // wrong is wrong
}

TEST(Complete, MissingSkippedAndFailedCasesAreGaps) {
  auto d = two_by_two();
  d.plan.cases = 3;
  EXPECT_EQ(verdict_of(d).findings[1].sentence, "2 of 3 planned cases are missing");
  d.plan.cases = 1;
  d.cases[0].status = result::Status::skipped;
  d.cases[0].reason = "needs 4 ranks";
  EXPECT_EQ(verdict_of(d).findings[1].sentence,
            "all_reduce 1 GiB fp32 sum world stream (c001) was skipped: needs 4 ranks");
  EXPECT_EQ(verdict_of(d).outcome, Outcome::not_measured);
  d.cases[0].spec.optional = true;
  EXPECT_EQ(verdict_of(d).findings[1].outcome, Outcome::pass);
  d.cases[0].status = result::Status::failed;  // begun and broken off is a gap, optional or not
  EXPECT_EQ(verdict_of(d).findings[1].outcome, Outcome::not_measured);
}

}  // namespace
}  // namespace assay::contract

// Who may go on with a run, and what the result says of it.
#include "harness/app/resuming.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/result/codec.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::app {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

result::ResultDocument begun() {
  auto document = test::document(2, 2);
  document.run.tool = {{"git", "abc"}, {"mpi", "Open MPI 4.1.4"}};
  document.run.environment = {{"UCX_TLS", "rc"}, {"SLURM_JOB_ID", "7"}};
  return document;
}

TEST(Resuming, AsManyRanksAsBefore) {
  EXPECT_EQ(refusal([] { check_ranks(begun(), 4, "run.jsonl"); }), "");
  EXPECT_EQ(refusal([] { check_ranks(begun(), 3, "run.jsonl"); }),
            "run.jsonl: the run has 4 ranks, 3 were started; start 4, on the same hosts");
}

TEST(Resuming, EveryRankOnItsHost) {
  EXPECT_EQ(refusal([] { check_same_ground(begun(), begun(), "run.jsonl"); }), "");
  auto now = begun();
  now.topology.hosts[1].name = "n7";
  EXPECT_EQ(refusal([&] { check_same_ground(begun(), now, "run.jsonl"); }),
            "run.jsonl: rank 2 is on host n7, in the run it was on host n1; start it on the same "
            "hosts, in the same order");
  now = begun();
  now.topology.hosts[0].ranks = {{0, 0, 1}};
  now.topology.hosts[1].ranks = {{1, 3, 1}};
  EXPECT_THAT(refusal([&] { check_same_ground(begun(), now, "run.jsonl"); }),
              HasSubstr("rank 1 is on host n1, in the run it was on host n0"));
}

TEST(Resuming, WithTheSameBuild) {
  auto now = begun();
  now.run.tool["git"] = "def";
  now.run.tool["mpi"] = "Open MPI 5.0.0";
  EXPECT_EQ(refusal([&] { check_same_ground(begun(), now, "run.jsonl"); }),
            "run.jsonl: the run was begun by another build: git def (was abc), mpi Open MPI 5.0.0 "
            "(was Open MPI 4.1.4); resume it with that build, or start it anew");
}

class Warned : public ::testing::Test {
 protected:
  Warned() : file(::testing::TempDir() + "assay_warned.jsonl") {
    std::filesystem::remove(file);
    run.emplace(result::Unfinished{.folder = {},
                                   .journal = result::AppendFile(file),
                                   .text = {},
                                   .document = begun(),
                                   .conduct = {},
                                   .sidecar_bytes = 0,
                                   .previous = "it was killed"});
    run->document.run.attempt = 1;
  }
  ~Warned() override { std::filesystem::remove(file); }
  result::Attempt next(const result::ResultDocument& now) const { return next_attempt(*run, now); }

  const std::filesystem::path file;
  std::optional<result::Unfinished> run;
};

TEST_F(Warned, NothingHasChanged) {
  auto now = begun();
  now.run.environment["SLURM_JOB_ID"] = "8";  // every job has its own
  EXPECT_THAT(warnings_so_far(*run, next(now)), IsEmpty());
}

TEST_F(Warned, OfWhatHasChangedOnWhichHosts) {
  auto now = begun();
  now.topology.fingerprints = {{{"cpu", "x"}}, {{"cpu", "y"}, {"bios", "2"}}};
  now.topology.hosts[1].fingerprint = 1;
  now.run.environment["UCX_TLS"] = "tcp";
  const auto warnings = warnings_so_far(*run, next(now));
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0].evidence, "since attempt 2: UCX_TLS tcp (was rc)");
  EXPECT_EQ(warnings[1].code, "changed_between_attempts");
  EXPECT_EQ(warnings[1].evidence, "since attempt 2: bios 2 (was unset); cpu y (was x)");
  EXPECT_EQ(warnings[1].where, "n1");
}

TEST_F(Warned, OfEveryAttemptOnce) {
  const auto unbound = warn(WarningCode::unbound, "ranks 0-3", "n0");
  const auto load = warn(WarningCode::other_load, "2.0 of 2 cores", "n0");
  run->conduct.warnings = {unbound};
  auto second = next(begun());
  second.warnings = {unbound, load};
  run->document.resumed = {second};
  run->document.run.attempt = 2;
  auto third = next(begun());
  third.warnings = {unbound};
  EXPECT_EQ(third.attempt, 3);
  EXPECT_THAT(warnings_so_far(*run, third), ElementsAre(unbound, load));
}

TEST(ResumedWarning, SaysWhichAttemptMeasuredWhat) {
  plan::Plan plan;
  for (const char* id : {"c001", "c002", "c003", "c004"}) plan.cases.push_back({.id = id});
  const result::Attempt second{.attempt = 2, .first_case = "c003", .previous = "it was killed"};
  const result::Attempt third{.attempt = 3, .first_case = "c003", .previous = "rank 1 is gone"};
  const auto text = [&](std::vector<result::Attempt> attempts, std::size_t finished) {
    const auto warning = resumed_warning(attempts, plan, finished);
    EXPECT_EQ(warning.code, "resumed");
    return warning.evidence;
  };
  const std::string end = "; a case in flight was measured anew, none is made of two attempts";
  EXPECT_EQ(text({second}, 4),
            "attempt 1 measured c001 to c002 and ended: it was killed; attempt "
            "2 measured c003 to c004" +
                end);
  EXPECT_EQ(text({second, third}, 3),
            "attempt 1 measured c001 to c002 and ended: it was killed; attempt 2 measured none and "
            "ended: rank 1 is gone; attempt 3 measured c003" +
                end);
  const result::Attempt files{.attempt = 2, .first_case = "", .previous = "it was killed"};
  EXPECT_EQ(
      text({files}, 4),
      "attempt 1 measured c001 to c004 and ended: it was killed; attempt 2 measured none" + end);
}

}  // namespace
}  // namespace assay::app

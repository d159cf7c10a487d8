// Figures against figures of the same run, and groups against each other.
#include <gmock/gmock.h>

#include "harness/contract/judge.hpp"
#include "tests/unit/documents.hpp"

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
using testing::SizeIs;

std::string relative(double times, const std::string& across) {
  return busbw_clause(R"({"times":)" + std::to_string(times) +
                      R"(,"metric":"bandwidth","of":{"benchmark":"copy"})" + across + "}");
}

ResultDocument with_copy(const CaseSpec& copy) {
  auto d = world({.values = steady(3e9)});
  add(d, copy);
  return d;
}

TEST(Judge, RelativeBoundsAreMultiplesOfAnotherFigure) {
  const auto d = with_copy(copy_each());
  const std::string median = R"(,"across":"median")";
  const auto pass = last(contract_of(relative(0.25, median)), d);
  EXPECT_EQ(pass.outcome, Outcome::pass);
  EXPECT_THAT(pass.cases, ElementsAre("c001", "c002"));
  EXPECT_EQ(pass.alpha_pass, 0.025);
  EXPECT_THAT(pass.sentence, HasSubstr("0.25 × the median over groups of the median bandwidth of "
                                       "benchmark=copy"));
  const auto fail = last(contract_of(relative(0.5, median)), d);
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_THAT(fail.scopes.at(0).tests, SizeIs(4));
  const auto& scope = fail.scopes[0];
  EXPECT_GT(scope.bound, scope.fail_bound);  // each side meets the end that is hard on it
  EXPECT_LT(scope.fail_bound, 5e9);
  EXPECT_GT(scope.bound, 5e9);
}

TEST(Judge, AReferenceMustBeOneFigureOfTheSamePacing) {
  const auto contract = contract_of(relative(0.25, ""));
  EXPECT_THAT(last(contract, with_copy(copy_each())).sentence,
              HasSubstr("the reference c002 has 4 groups: add \"across\": \"median\" or \"min\""));
  auto isolated = copy_each();
  isolated.pacing = Pacing::isolated;
  EXPECT_EQ(
      last(contract_of(relative(0.25, R"(,"across":"min")")), with_copy(isolated)).sentence,
      "c001 has pacing stream and its reference c002 has isolated: they are different figures");
  auto twice = with_copy(copy_each());
  add(twice, {.id = "c003", .benchmark = "copy", .layout = "alone", .values = steady(10e9)});
  EXPECT_THAT(last(contract, twice).sentence, HasSubstr("matches 2 cases where it must match one"));
  EXPECT_EQ(last(contract, world({})).sentence, "no case matches the reference benchmark=copy");
  EXPECT_EQ(last(contract, world({})).outcome, Outcome::not_measured);
}

TEST(Judge, AReferenceOfTooFewBlocksDecidesNothing) {
  auto few = copy_each();
  few.iterations = 4;
  const auto finding = last(contract_of(relative(0.25, R"(,"across":"median")")), with_copy(few));
  EXPECT_EQ(finding.outcome, Outcome::inconclusive);
  EXPECT_THAT(finding.sentence, HasSubstr("the reference"));
}

TEST(Judge, EvennessComparesGroupsBlockByBlock) {
  auto d = test::document(2, 4);
  auto spec = copy_each();
  spec.values = [](std::size_t group, std::size_t i) {
    // All ranks slow down together in every third block: that is even.
    return (i % 3 == 0 ? 5e9 : 10e9) * (group == 5 ? 0.8 : 1) *
           (1 + 0.001 * test::noise(group + 9 * i));
  };
  add(d, spec);
  EXPECT_EQ(last(contract_of(evenness("0.75")), d).outcome, Outcome::pass);
  const auto fail = last(contract_of(evenness("0.9")), d);
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_THAT(fail.sentence, HasSubstr("min/median over groups of the median bandwidth 0.80"));
  EXPECT_THAT(fail.sentence, HasSubstr("lowest: rank 5 on host n1"));
  EXPECT_THAT(fail.failed_hosts, ElementsAre("n1"));
  EXPECT_EQ(fail.scopes_total, 1u);
}

TEST(Judge, EvennessOfTwoGroupsSeesTheSlowOne) {
  auto d = test::document(1, 2);
  auto spec = copy_each();
  spec.values = [](std::size_t group, std::size_t i) {
    return (group == 1 ? 2e9 : 10e9) * (1 + 0.01 * test::noise(group + 2 * i));
  };
  add(d, spec);
  const auto fail = last(contract_of(evenness("0.5")), d);  // 2 of (2 + 10) / 2
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_THAT(fail.sentence, HasSubstr("bandwidth 0.33"));
  EXPECT_THAT(fail.sentence, HasSubstr("lowest: rank 1 on host n0, 2.0"));
}

TEST(Judge, EvennessOfOneGroupSaysNothing) {
  auto d = test::document(1, 1);
  add(d, copy_each());
  const auto finding = last(contract_of(evenness("0.5")), d);
  EXPECT_EQ(finding.outcome, Outcome::not_measured);
  EXPECT_THAT(finding.sentence, HasSubstr("evenness takes at least two groups"));
}

TEST(Judge, MinAndMedianAcrossGroupsHaveUnits) {
  auto d = test::document(2, 2);
  auto spec = copy_each();
  spec.values = [](std::size_t group, std::size_t i) {
    return (group == 0 ? 4e9 : 10e9) * (1 + 0.01 * test::noise(group + 4 * i));
  };
  add(d, spec);
  const auto across = [&](const std::string& how) {
    return last(
        contract_of(R"({"id":"x","of":{"benchmark":"copy"},"metric":"bandwidth","across":")" + how +
                    R"(","at_least":"8 GB/s"})"),
        d);
  };
  EXPECT_EQ(across("median").outcome, Outcome::pass);
  EXPECT_EQ(across("min").outcome, Outcome::fail);
  EXPECT_THAT(across("min").failed_hosts, ElementsAre("n0"));
}

}  // namespace
}  // namespace assay::contract

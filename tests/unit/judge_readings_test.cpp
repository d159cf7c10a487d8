// Clauses about what is read once on each rank: temperatures, errors counted.
#include <gmock/gmock.h>

#include <limits>

#include "harness/contract/judge.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::contract {
namespace {

using test::contract_of;
using testing::ElementsAre;
using testing::HasSubstr;

std::string clause(const std::string& metric, const std::string& bound) {
  return R"({"id":"gpu","of":{"benchmark":"copy"},"metric":")" + metric + R"(",)" + bound + "}";
}

/// copy on two hosts of two ranks, each with a reading.
Finding judged(const std::string& metric, const std::string& bound, const std::string& layout,
               const std::vector<float>& readings) {
  auto d = test::document(2, 2);
  auto copy = test::copy_each();
  copy.layout = layout;
  copy.pilot = 0;  // nothing here rests on samples
  auto& c = test::add(d, copy);
  const std::size_t groups = d.layouts[layout].group_count(), each = readings.size() / groups;
  for (std::size_t group = 0; group < groups; ++group) {
    const auto first = readings.begin() + static_cast<std::ptrdiff_t>(group * each);
    c.samples.series.push_back(
        {metric, "C", Axis::rank, group, {first, first + static_cast<std::ptrdiff_t>(each)}});
  }
  return test::last(contract_of(clause(metric, bound)), d);
}

TEST(Readings, HoldForEveryRankOrNot) {
  const auto pass = judged("gpu_temperature", R"("at_most":"83 C")", "each", {60, 61, 62, 83});
  EXPECT_EQ(pass.outcome, Outcome::pass) << pass.sentence;
  EXPECT_EQ(pass.sentence,
            "worst of 4: rank 3 on host n1: highest gpu_temperature 83.00 C; at most 83.00 C "
            "required. evidence c002");
  const auto fail = judged("gpu_temperature", R"("at_most":"83 C")", "each", {60, 61, 62, 84});
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_EQ(fail.sentence,
            "rank 3 on host n1: highest gpu_temperature 84.00 C; at most 83.00 C required. 1 of 4 "
            "figures failed. evidence c002");
  EXPECT_THAT(fail.failed_hosts, ElementsAre("n1"));
}

TEST(Readings, OfAGroupAreThoseOfItsWorstRank) {
  EXPECT_EQ(judged("gpu_clock", R"("at_least":"1.5 GHz")", "node", {1.7e9F, 1.6e9F, 1.9e9F, 1.5e9F})
                .outcome,
            Outcome::pass);
  const auto fail =
      judged("gpu_clock", R"("at_least":"1.5 GHz")", "node", {1.7e9F, 1.4e9F, 1.9e9F, 1.5e9F});
  EXPECT_EQ(fail.outcome, Outcome::fail);
  EXPECT_THAT(fail.sentence, HasSubstr("host n0: lowest gpu_clock 1.400 GHz"));
}

TEST(Readings, MayHaveToBeNone) {
  EXPECT_EQ(judged("ecc_uncorrected", R"("at_most":0)", "each", {0, 0, 0, 0}).outcome,
            Outcome::pass);
  EXPECT_EQ(judged("ecc_uncorrected", R"("at_most":0)", "each", {0, 1, 0, 0}).outcome,
            Outcome::fail);
  EXPECT_THAT(test::refusal([] { contract_of(clause("time", R"("at_most":"0 s")")); }),
              HasSubstr("bounds nothing"));
}

TEST(Readings, ThatAreMissingAreNoPass) {
  constexpr auto unknown = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(judged("ecc_uncorrected", R"("at_most":0)", "each", {0, 0, unknown, 0}).outcome,
            Outcome::not_measured);
  auto d = test::document(1, 1);
  test::add(d, test::copy_each());
  EXPECT_EQ(test::last(contract_of(clause("ecc_uncorrected", R"("at_most":0)")), d).outcome,
            Outcome::not_measured);
}

TEST(Readings, HaveNoQuantilesAndNoReference) {
  EXPECT_THAT(
      test::refusal([] { contract_of(clause("gpu_power", R"("q":0.5,"at_most":"700 W")")); }),
      HasSubstr("gpu_power is read once on each rank, and has no quantiles"));
  EXPECT_THAT(test::refusal([] {
                contract_of(clause(
                    "gpu_power",
                    R"("at_most":{"times":2,"metric":"gpu_power","of":{"benchmark":"copy"}})"));
              }),
              HasSubstr("gpu_power is read once on each rank; give a plain quantity"));
}

}  // namespace
}  // namespace assay::contract

// Text for people against golden files. ASSAY_UPDATE_GOLDEN=1 rewrites them: read the difference.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "harness/report/table.hpp"
#include "harness/report/text.hpp"
#include "tests/unit/documents.hpp"

namespace assay::report {
namespace {

using test::add;

std::string golden(const std::string& name, const std::string& text) {
  const auto path = "tests/golden/" + name;
  if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream read;
  read << file.rdbuf();
  return read.str();
}

result::ResultDocument sample() {
  auto d = test::document(2, 8);
  add(d, {.id = "c004",
          .layout = "node",
          .bytes = std::int64_t{16} << 30,
          .values =
              [](std::size_t group, std::size_t i) {
                return (group == 1 ? 371.2e9 : 470e9) * (1 + 0.002 * test::noise(group * 997 + i));
              },
          .iterations = 41});
  add(d, {.id = "c001", .values = test::steady(348e9, 0.02)});
  d.cases.back().notes["count"] = "268435456";
  add(d, {.id = "c002", .bytes = 8, .values = test::steady(3e6, 0.2)});
  add(d, {.id = "c003", .benchmark = "all_to_all", .values = test::steady(40e9), .iterations = 20});
  d.cases.back().verify.done = false;
  d.cases.back().verify.reason = "verification was switched off";
  add(d, {.id = "c005",
          .benchmark = "copy",
          .layout = "each",
          .bytes = 64 << 20,
          .values = test::steady(11e9)});
  add(d, {.id = "c006", .benchmark = "gemm", .layout = "each", .values = test::steady(45e9)});
  add(d, {.id = "c007", .benchmark = "noop", .values = test::steady(61e-9)});
  add(d, {.id = "c008", .layout = "pairs"});
  d.cases.back().status = result::Status::skipped;
  d.cases.back().reason = "pairs needs two ranks";
  d.cases.back().spec.optional = true;
  return d;
}

contract::Contract lease() {
  return test::contract_of(
      R"({"id":"ar-tail","of":{"benchmark":"all_reduce","layout":"world","bytes":"1GiB"},"metric":"busbw","at_least":"350 GB/s"},)"
      R"({"id":"nvlink-each-node","of":{"benchmark":"all_reduce","layout":"node","bytes":"16GiB"},"metric":"busbw","at_least":"460 GB/s"},)"
      R"({"id":"even-copy","of":{"benchmark":"copy","layout":"each"},"metric":"bandwidth","across":"min/median","at_least":0.95},)"
      R"({"id":"scale-out","of":{"benchmark":"all_reduce","layout":"world","bytes":"1GiB"},"metric":"busbw","at_least":{"times":0.6,"metric":"busbw","across":"median","of":{"benchmark":"all_reduce","layout":"node"}}},)"
      R"({"id":"step","of":{"benchmark":"training_step"},"metric":"time","at_most":"12.9 s"})");
}

TEST(Report, ResultTable) {
  const auto text = result_table(sample());
  EXPECT_EQ(text, golden("result_table.txt", text));
}

TEST(Report, VerdictBlock) {
  const auto text = verdict_block(contract::judge(lease(), sample()));
  EXPECT_EQ(text, golden("verdict_block.txt", text));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LT(width(line), 120u) << line;
}

TEST(Report, VerdictBlockNamesTheContractsFile) {
  const auto text = verdict_block(contract::judge(lease(), sample()), "our/lease.json");
  EXPECT_THAT(text, testing::HasSubstr("next: assay run --contract our/lease.json --blocks"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("FILE")));
}

/// Two runs in which everything happens: slower, faster, same, undecided, refused, and missing on
/// either side.
contract::Comparison everything() {
  auto base = test::document(2, 2), next = test::document(2, 2);
  next.topology.fingerprints[0]["kernel"] = "6.6";
  const auto both = [&](test::CaseSpec spec, const test::Model& now) {
    spec.iterations = 160;
    add(base, spec);
    spec.values = now;
    add(next, spec);
  };
  both({.id = "c001", .layout = "node", .values = test::steady(470e9)},
       [](std::size_t group, std::size_t i) {
         return test::steady(group == 1 ? 371.2e9 : 470e9)(group + 7, i);
       });
  both({.id = "c002", .values = test::steady(348e9, 0.02)}, test::steady(421e9, 0.02));
  both({.id = "c003", .bytes = 8, .values = test::steady(3e6, 0.5)}, test::steady(3e6, 0.6));
  both({.id = "c004", .benchmark = "all_to_all"}, test::steady(400e9));
  next.cases.back().path = "chunked";
  both({.id = "c005", .benchmark = "gemm", .values = test::steady(45e9)}, test::steady(45e9));
  next.cases.back().status = result::Status::skipped;
  next.cases.back().reason = "OpenBLAS was not found";
  both({.id = "c006", .benchmark = "copy", .bytes = 64 << 20}, test::steady(11e9));
  next.cases.back().spec.dims["memory"] = std::string("huge");
  next.cases.back().verify.done = false;
  next.cases.back().verify.reason = "verification was switched off";
  return contract::compare(base, next, {.metrics = {{"all_reduce", {"busbw"}}}});
}

TEST(Report, ComparisonBlock) {
  const auto text = comparison_block(everything());
  EXPECT_EQ(text, golden("comparison_block.txt", text));
}

TEST(Report, AComparisonOfNothingSaysSo) {
  EXPECT_EQ(
      comparison_block({}),
      "COMPARE: NOT COMPARED  0 slower · 0 faster · 0 same · 0 undecided · 0 refused · 0 only "
      "in BASE · 0 only in NEW      exit 11\n");
}

TEST(Report, AComparisonOfManyFiguresShowsTheWeightiest) {
  auto base = test::document(1, 100), next = base;
  auto spec = test::copy_each();
  spec.iterations = 160;
  add(base, spec);
  spec.values = [](std::size_t group, std::size_t i) {
    return test::steady(group == 99 ? 5e9 : 10e9)(group, i);
  };
  add(next, spec);
  const auto text =
      comparison_block(contract::compare(base, next, {.metrics = {{"copy", {"bandwidth"}}}}));
  EXPECT_EQ(std::ranges::count(text, '\n'), 2 + 1 + 64 + 1 + 1) << text;
  EXPECT_NE(text.find("# and 36 figures of no more weight: --json FILE has all"),
            std::string::npos);
  EXPECT_LT(text.find("rank 99 on host n0"), text.find("rank 0 on host n0"));
}

TEST(Report, FailedHosts) {
  EXPECT_EQ(failed_hosts(contract::judge(lease(), sample())), "n1\n");
  EXPECT_EQ(failed_hosts({}), "");
}

TEST(Report, WordsOfTheDocumentDoNotSteerTheTerminal) {
  contract::Verdict verdict;
  verdict.failed_hosts = {"n1\nn2"};
  auto& finding = verdict.findings.emplace_back();
  finding.clause = "a\x1b[2J";
  finding.sentence = "b\rc";
  EXPECT_EQ(failed_hosts(verdict), "n1\\u000an2\n");
  EXPECT_THAT(verdict_block(verdict), testing::HasSubstr("a\\u001b[2J  b\\u000dc\n"));
  Table table({{"a", Align::left}});
  table.add({"x\ty"});
  EXPECT_EQ(table.text(), "a\nx\\u0009y\n");
}

TEST(Report, WarningBlock) {
  const auto text =
      warning_block({warn(WarningCode::unbound, "ranks 0-7 may run on cores 0-95", "n0"),
                     warn(WarningCode::debug_build, "built as Debug")});
  EXPECT_EQ(text, golden("warning_block.txt", text));
  EXPECT_EQ(warning_block({}), "");
}

TEST(Report, AnEmptyResultIsAnEmptyTable) { EXPECT_EQ(result_table({}), ""); }

TEST(Table, AlignsByWhatATerminalShows) {
  Table table({{"a", Align::left}, {"number", Align::right}});
  table.add({"≥×−", "1"});
  table.add({"x"});
  EXPECT_EQ(table.text(), "a    number\n≥×−       1\nx\n");
}

TEST(Wrapped, BreaksAtBlanksAndIndents) {
  EXPECT_EQ(wrapped("ab ", "one two three", 10), "ab one two\n   three\n");
  EXPECT_EQ(wrapped("ab ", "averyverylongword x", 10), "ab averyverylongword\n   x\n");
  EXPECT_EQ(wrapped("ab ", "", 10), "ab \n");
}

}  // namespace
}  // namespace assay::report

#include "tests/fuzz/judging.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/report/text.hpp"
#include "tests/fuzz/reader.hpp"

namespace assay::fuzz {
namespace {

constexpr std::string_view clauses = R"({
  "format": "assay.contract", "schema_version": "0.1.0", "name": "every", "guard": "2%",
  "expects": {"nodes": 2, "ranks_per_node": 2},
  "clauses": [
    {"id": "median", "of": {"benchmark": "all_reduce"}, "metric": "busbw", "at_least": "1 GB/s"},
    {"id": "tail", "of": {"benchmark": "all_reduce"}, "metric": "time", "q": 0.95,
     "at_most": "1 s"},
    {"id": "even", "of": {"benchmark": "copy"}, "metric": "bandwidth", "across": "min/median",
     "at_least": 0.95},
    {"id": "relative", "of": {"benchmark": "all_reduce", "pacing": "isolated"}, "metric": "algbw",
     "at_least": {"times": 0.01, "metric": "bandwidth", "across": "median",
                  "of": {"benchmark": "copy", "pacing": "isolated"}}},
    {"id": "least", "of": {"benchmark": "noop"}, "metric": "time", "across": "min",
     "at_most": "1 ms"}]})";

}  // namespace

const contract::Contract& every_clause() {
  static const auto contract = contract::parse_contract(clauses, "every.json");
  return contract;
}

void judge_and_report(const contract::Contract& contract, const result::ResultDocument& document) {
  const auto verdict = contract::judge(contract, document);
  const auto json = contract::to_json(verdict).dump();
  require(json == contract::to_json(contract::judge(contract, document)).dump(),
          "two verdicts on one document differ");
  require(json.find(":NaN") == std::string::npos, "a verdict holds NaN");
  for (const auto& finding : verdict.findings) {
    require_readable(finding.sentence, Shape::line);
    require(finding.next.find_first_of("'\"`$;|&<>(){}*?!~#\\\n") == std::string::npos,
            "a next command holds what a shell would obey");
  }
  require_readable(report::verdict_block(verdict, "every.json"), Shape::block);
  require_readable(report::result_table(document), Shape::block);
  require_readable(report::warning_block(document.warnings), Shape::block);
  require_readable(report::failed_hosts(verdict), Shape::block);
  const bool wrong = std::any_of(document.cases.begin(), document.cases.end(), [](const auto& c) {
    return c.verify.before.wrong > 0 || c.verify.after.wrong > 0;
  });
  require(!wrong || verdict.outcome == contract::Outcome::fail, "wrong data is no fail");
}

}  // namespace assay::fuzz

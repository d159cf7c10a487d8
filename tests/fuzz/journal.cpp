// run.jsonl, torn or whole: read as a document, and assembled into result.json.
#include "harness/result/journal.hpp"

#include "harness/plan/json_reader.hpp"
#include "tests/fuzz/judging.hpp"
#include "tests/fuzz/reader.hpp"

namespace assay::fuzz {

void read(std::string_view input) {
  constexpr const char* name = "run.jsonl";
  const auto json = result::journal_document(input, {}, name);
  const auto text = result::assemble_result(result::split_journal(input, name), {}, name);
  require(plan::parse_json(text, name) == json, "result.json is not what its journal says");
  result::SidecarSource sidecar("tests/golden/result/samples.f32");
  judge_and_report(every_clause(), result::read_document(json, name, sidecar));
}

}  // namespace assay::fuzz

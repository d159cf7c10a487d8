// The samples of a case: a line of JSON as it stands under "samples", then the sidecar's bytes.
// Digests are repaired, so that what lies behind them is reached: figures and verdict of any float.
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/figures.hpp"
#include "harness/result/samples_codec.hpp"
#include "tests/fuzz/judging.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/documents.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::fuzz {
namespace {

constexpr std::size_t groups = 2;

/// The digest that a forger would write.
void repair(nlohmann::json& samples, std::string_view bytes) {
  if (!samples.is_object() || !samples.contains("sha256")) return;
  const auto size = samples.value("/bytes"_json_pointer, nlohmann::json());
  if (!size.is_number_unsigned() || size.get<std::uint64_t>() > bytes.size()) return;
  samples["sha256"] = result::sha256(bytes.substr(0, size.get<std::size_t>()));
}

result::ResultDocument document_of(std::string_view benchmark, Samples samples) {
  auto document = test::document(2, 2);
  auto& c = test::add(
      document,
      {.benchmark = std::string(benchmark), .layout = "node", .iterations = 0, .pilot = 0});
  c.samples = std::move(samples);
  return document;
}

void require_sound(const result::CaseResult& c) {
  for (const auto& over : result::figures_of(c).figures) {
    const auto& f = over.worst;
    require(f.min <= f.p50 && f.p50 <= f.max, "a median lies outside its samples");
    require(f.p1 <= f.p50 && f.p50 <= f.p99, "quantiles are out of order");
    require(std::isfinite(f.min), "a figure is not finite");
  }
}

}  // namespace

void read(std::string_view input) {
  static const test::TemporaryFolder folder;
  const auto line = input.substr(0, input.find('\n'));
  const auto bytes = input.substr(std::min(input.size(), line.size() + 1));
  auto json = plan::parse_json(line, "result.json");
  repair(json, bytes);
  const auto path = folder.path() / result::sidecar_name;
  test::spill(path, std::string(bytes));
  result::SidecarSource sidecar(path);
  const plan::JsonValue value(json, {"result.json", "cases[0].samples"});
  const auto samples = result::decode_samples(value, sidecar, groups, "c001");
  for (const auto* benchmark : {"all_reduce", "copy", "noop"}) {
    const auto document = document_of(benchmark, samples);
    require_sound(document.cases.front());
    judge_and_report(every_clause(), document);
  }
}

}  // namespace assay::fuzz

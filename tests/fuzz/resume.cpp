// run.jsonl of a run that was cut short, as somebody who goes on with it reads it.
#include "harness/result/codec.hpp"
#include "harness/result/unfinished.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::fuzz {

void read(std::string_view input) {
  static const test::TemporaryFolder folder;
  const auto& path = folder.path();
  const auto sidecar = path / result::sidecar_name;
  if (!std::filesystem::exists(sidecar))
    std::filesystem::copy("tests/golden/result/samples.f32", sidecar);
  test::spill(path / result::journal_name, std::string(input));
  const auto run = result::open_unfinished(path);
  const auto plan = result::planned(run.document, run.conduct);
  require(plan.cases.size() >= run.document.cases.size(), "more cases were finished than planned");
  require_readable(run.first_case(), Shape::line);
  require_readable(run.previous, Shape::line);
}

}  // namespace assay::fuzz

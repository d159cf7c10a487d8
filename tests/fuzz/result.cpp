// result.json: first without, then with what binds it to other files; judged where it can be read.
#include "harness/plan/json_reader.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/json_parts.hpp"
#include "tests/fuzz/judging.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::fuzz {
namespace {

/// A folder with the sidecar that the seeds speak of.
class Folder {
 public:
  Folder() { std::filesystem::copy_file("tests/golden/result/samples.f32", sidecar()); }
  std::filesystem::path sidecar() const { return folder_.path() / result::sidecar_name; }
  std::filesystem::path result() const { return folder_.path() / result::result_name; }

 private:
  test::TemporaryFolder folder_;
};

}  // namespace

void read(std::string_view input) {
  static const Folder folder;
  result::SidecarSource sidecar(folder.sidecar());
  const auto document =
      result::read_document(plan::parse_json(input, "result.json"), "result.json", sidecar);
  judge_and_report(every_clause(), document);
  test::spill(folder.result(), std::string(input));
  result::load_result(folder.result());
}

}  // namespace assay::fuzz

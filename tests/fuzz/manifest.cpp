// SHA256SUMS in a folder that is otherwise in order.
#include "harness/result/codec.hpp"
#include "harness/result/integrity.hpp"
#include "tests/fuzz/reader.hpp"
#include "tests/unit/result_fixture.hpp"

namespace assay::fuzz {
namespace {

struct Golden {
  test::TemporaryFolder folder;
  result::LoadedResult loaded;

  Golden() {
    std::filesystem::copy("tests/golden/result", folder.path());
    loaded = result::load_result(folder.path());
  }
};

}  // namespace

void read(std::string_view input) {
  static const Golden golden;
  const auto& folder = golden.folder.path();
  test::spill(folder / result::manifest_name, std::string(input));
  result::SidecarSource sidecar(folder / result::sidecar_name);
  result::check_manifest(golden.loaded.document, {folder, sidecar, result::KeptContract::checked},
                         {.name = result::result_name, .sha256 = golden.loaded.sha256});
}

}  // namespace assay::fuzz

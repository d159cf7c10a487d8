#include <fmt/format.h>

#include "harness/core/error.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/integrity.hpp"
#include "harness/result/journal.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {
namespace {

namespace fs = std::filesystem;
using plan::ObjectReader;

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

/// The document that `path` stands for: itself, or what its folder holds.
fs::path choose_document(const fs::path& path) {
  if (!is_folder(path)) return path;
  for (const char* name : {result_name, journal_name})
    if (is_there(path / name)) return path / name;
  throw UsageError({.where = path.string(),
                    .what = fmt::format("holds neither {} nor {}", result_name, journal_name),
                    .remedy = "give the folder of a run"});
}

bool is_journal(const fs::path& path) { return path.extension() == ".jsonl"; }

}  // namespace

ResultDocument read_document(const nlohmann::json& json, const std::string& where,
                             SidecarSource& sidecar) {
  ObjectReader reader(json, {where, {}});
  plan::check_format(reader, "assay.result", schema_version);
  validate_schema(json, "result", where);
  auto document = read_header(reader);
  const auto cases = reader.list("cases");
  reader.finish();
  check_case_ids(cases, document, where);
  document.cases.reserve(cases.size());
  for (const auto& entry : cases) document.cases.push_back(read_case(entry, document, sidecar));
  return document;
}

LoadedResult load_result(const fs::path& path, KeptContract contract) {
  const auto file = choose_document(path);
  const auto where = file.string();
  const auto text = read_text(file);
  LoadedResult loaded{.document = {}, .sha256 = sha256(text)};
  SidecarSource sidecar(file.parent_path() / sidecar_name);
  const RunFolder folder{file.parent_path(), sidecar, contract};

  const auto json =
      is_journal(file) ? journal_document(text, {}, where) : plan::parse_json(text, where);
  loaded.document = read_document(json, where, sidecar);
  if (sidecar.opened()) loaded.sidecar_bytes = sidecar.opened()->read_so_far();
  if (!is_journal(file)) check_against_journal(json, loaded.document, folder.path, where);
  check_plan(loaded.document, where);
  check_files(loaded.document, folder, where);
  check_manifest(loaded.document, folder,
                 {.name = file.filename().string(), .sha256 = loaded.sha256});
  return loaded;
}

}  // namespace assay::result

#include "harness/result/integrity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/files.hpp"
#include "harness/result/journal.hpp"

namespace assay::result {
namespace {

namespace fs = std::filesystem;

constexpr const char* changed = "it was changed after the run: restore the folder";
constexpr const char* other_contract =
    "restore the contract that the run was judged against, or name one with --contract";

[[noreturn]] void refuse(const std::string& where, std::string what, const char* remedy = changed) {
  throw UsageError({.where = where, .what = std::move(what), .remedy = remedy});
}

/// The first id that a plan of `planned` cases has and `ids` lacks.
std::string first_missing(const std::set<std::string>& ids, std::size_t planned) {
  const auto width = std::max<std::size_t>(3, std::to_string(planned).size());
  for (std::size_t i = 1; i <= planned && i <= ids.size() + 1; ++i)
    if (auto id = fmt::format("c{:0{}}", i, width); !ids.contains(id)) return id;
  return "?";
}

/// Entries name files of the folder itself, nothing above or below it.
fs::path inside(const fs::path& folder, const std::string& name, const std::string& where) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    refuse(where, fmt::format("\"{}\" is no file of the run's folder", name));
  return folder / name;
}

std::string hash_of(const fs::path& path, SidecarSource& sidecar) {
  const bool opened = sidecar.opened() && path.filename() == sidecar_name;
  return opened ? sidecar.opened()->sha256_of_all() : sha256_file(path);
}

std::uint64_t bytes_of_samples(SidecarSource& sidecar) {
  return sidecar.opened() ? sidecar.opened()->read_so_far() : 0;
}

/// The case that result and journal do not agree on, or what else differs; `witness` is the one
/// that was not changed.
std::string difference(const nlohmann::json& result, const nlohmann::json& journal,
                       std::string_view witness) {
  const auto& ours = result.at("cases");
  const auto& theirs = journal.at("cases");
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
    if (ours[i] != theirs[i])
      return fmt::format("case {} is not as {} holds it", ours[i].at("id").get<std::string>(),
                         witness);
  if (ours.size() > theirs.size())
    return fmt::format("case {} is missing: {} lists {} cases, {} holds {}",
                       ours[theirs.size()].at("id").get<std::string>(), result_name, ours.size(),
                       journal_name, theirs.size());
  if (ours.size() < theirs.size())
    return fmt::format("{} lists {} cases, {} holds {}", result_name, ours.size(), journal_name,
                       theirs.size());
  for (const auto& [key, value] : result.items())
    if (value != journal.at(key)) return fmt::format("\"{}\" is not as {} holds it", key, witness);
  return {};
}

const FileEntry* find_file(const ResultDocument& document, std::string_view name) {
  const auto& files = document.files;
  const auto at = std::find_if(files.begin(), files.end(),
                               [&](const FileEntry& file) { return file.path == name; });
  return at == files.end() ? nullptr : &*at;
}

/// What was written with its last line may have been cut in the middle of it.
void check_last_line(std::string_view text, const fs::path& path) {
  if (!text.empty() && text.back() != '\n')
    refuse(path.string(), "is truncated: its last line has no end");
}

bool is_used(const RunFolder& folder, std::string_view name) {
  return name != contract_name || folder.contract == KeptContract::checked;
}

/// Matrices are called by their content, other files by a name.
bool is_that(const Input& input, const FileEntry& file) {
  if (input.dim != "counts") return true;
  const auto name = traffic_name(input.name);
  return !name.digest.empty() && file.sha256.starts_with(name.digest);
}

/// What cases name is among the files, and is what the plan says.
void check_inputs(const ResultDocument& document, const std::string& where) {
  for (const auto& [name, digest] : document.plan.inputs) {
    const auto* file = find_file(document, name);
    if (file == nullptr || file->sha256 != digest)
      refuse(where, fmt::format("no file listed is the {} of plan.inputs", name));
  }
  for (const auto& c : document.cases)
    for (const auto& input : inputs_of(c.spec)) {
      const auto* file = find_file(document, kept_input(input));
      if (file == nullptr || !is_that(input, *file))
        refuse(where, fmt::format("case {} names {}, and no file listed is that", c.spec.id,
                                  input.label()));
    }
}

struct ManifestLine {
  std::string sha256, name;
};

std::vector<ManifestLine> read_manifest(const fs::path& path) {
  constexpr std::size_t digits = 64;
  const auto text = read_text(path);
  std::vector<ManifestLine> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.size() <= digits + 2)
      refuse(path.string(), fmt::format("\"{}\" is no line of sha256sum", line));
    lines.push_back({std::string(line.substr(0, digits)), std::string(line.substr(digits + 2))});
  }
  check_last_line(text, path);
  return lines;
}

void check_listed(const std::vector<ManifestLine>& lines, const fs::path& path,
                  std::string_view name) {
  if (std::none_of(lines.begin(), lines.end(), [&](const auto& line) { return line.name == name; }))
    refuse(path.string(), fmt::format("does not list {}", name));
}

}  // namespace

void check_case_ids(const std::vector<plan::JsonValue>& cases, const ResultDocument& header,
                    const std::string& where) {
  std::set<std::string> ids;
  for (const auto& entry : cases) {
    const auto id = entry.object().text("id");
    if (!ids.insert(id).second) refuse(where, fmt::format("case {} stands twice", id));
  }
  const auto planned = header.plan.cases;
  if (ids.size() > planned)
    refuse(where, fmt::format("{} cases are listed, the plan has {}", ids.size(), planned));
  if (header.run.complete && ids.size() < planned)
    refuse(where, fmt::format("case {} is missing: {} of {} listed, the run says it was complete",
                              first_missing(ids, planned), ids.size(), planned));
}

void check_plan(const ResultDocument& document, const std::string& where) {
  if (document.cases.size() != document.plan.cases) return;
  plan::Plan planned{.suite = document.plan.suite,
                     .seed = document.run.seed,
                     .cases = {},
                     .layouts = document.layouts};
  for (const auto& c : document.cases) planned.cases.push_back(c.spec);
  if (sha256(plan::canonical(planned, document.plan.inputs)) != document.plan.sha256)
    refuse(where, "plan.sha256 is not that of the cases, layouts and inputs listed");
}

void check_against_journal(const nlohmann::json& result, const ResultDocument& document,
                           const fs::path& folder, const std::string& where) {
  const auto path = folder / journal_name;
  if (!is_there(path)) return;
  const auto text = read_text(path);
  check_last_line(text, path);
  const auto journal = journal_document(text, document.files, path.string());
  if (result == journal) return;
  const auto* listed = find_file(document, journal_name);
  const bool intact = listed == nullptr || listed->sha256 == sha256(text);
  if (intact) refuse(where, difference(result, journal, journal_name));
  refuse(path.string(), difference(result, journal, result_name));
}

void check_files(const ResultDocument& document, const RunFolder& folder,
                 const std::string& where) {
  const auto used = bytes_of_samples(folder.sidecar);
  if (!document.files.empty()) check_inputs(document, where);
  for (const auto& file : document.files) {
    if (!is_used(folder, file.path)) continue;
    const auto path = inside(folder.path, file.path, where + ": files");
    const bool contract = file.path == contract_name;
    const auto remedy = contract ? other_contract : changed;
    if (contract && !fs::exists(path)) refuse(path.string(), "is missing", remedy);
    const auto size = InputFile(path).size();
    if (size != file.bytes)
      refuse(path.string(), fmt::format("has {} bytes, the result says {}", size, file.bytes),
             remedy);
    if (file.path == sidecar_name && size != used)
      refuse(where, fmt::format("{} has {} bytes, the cases listed hold {}: a case was dropped",
                                sidecar_name, size, used));
    if (hash_of(path, folder.sidecar) != file.sha256)
      refuse(path.string(), fmt::format("does not match the SHA-256 in {}", result_name), remedy);
  }
}

void check_manifest(const ResultDocument& document, const RunFolder& folder, const ReadFile& read) {
  const auto path = folder.path / manifest_name;
  if (!is_there(path)) return;
  const auto lines = read_manifest(path);
  for (const auto& line : lines) {
    const auto file = inside(folder.path, line.name, path.string());
    if (!is_used(folder, line.name)) continue;
    if (const auto* found = find_file(document, line.name)) {
      // The file is as the result says: it is the manifest that was changed.
      if (found->sha256 != line.sha256)
        refuse(path.string(), fmt::format("its digest of {} is not that of the file", line.name));
      continue;
    }
    const auto digest = line.name == read.name ? read.sha256 : hash_of(file, folder.sidecar);
    if (digest != line.sha256)
      refuse(file.string(), fmt::format("does not match {}", manifest_name));
  }
  check_listed(lines, path, read.name);
  for (const auto& file : document.files)
    if (is_used(folder, file.path)) check_listed(lines, path, file.path);
}

}  // namespace assay::result

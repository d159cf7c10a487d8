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

[[noreturn]] void refuse(const std::string& where, std::string what) {
  throw UsageError({.where = where, .what = std::move(what), .remedy = changed});
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

/// The case that two lists of cases do not agree on, or what else differs.
std::string difference(const nlohmann::json& result, const nlohmann::json& journal) {
  const auto& ours = result.at("cases");
  const auto& theirs = journal.at("cases");
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i)
    if (ours[i] != theirs[i])
      return fmt::format("case {} is not as {} holds it", ours[i].at("id").get<std::string>(),
                         journal_name);
  if (ours.size() != theirs.size())
    return fmt::format("{} cases are listed, {} holds {}", ours.size(), journal_name,
                       theirs.size());
  for (const auto& [key, value] : result.items())
    if (value != journal.at(key))
      return fmt::format("\"{}\" is not as {} holds it", key, journal_name);
  return {};
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
  if (sha256(plan::canonical(planned)) != document.plan.sha256)
    refuse(where, "plan.sha256 is not that of the cases and layouts listed");
}

void check_against_journal(const nlohmann::json& result, const ResultDocument& document,
                           const fs::path& folder, const std::string& where) {
  const auto path = folder / journal_name;
  std::error_code error;
  if (!fs::exists(path, error)) return;
  const auto text = read_text(path);
  const auto journal = journal_document(text, document.files, path.string());
  if (result == journal) return;
  refuse(where, difference(result, journal));
}

void check_files(const ResultDocument& document, const fs::path& folder, SidecarSource& sidecar,
                 const std::string& where) {
  const auto used = bytes_of_samples(sidecar);
  for (const auto& file : document.files) {
    const auto path = inside(folder, file.path, where + ": files");
    const auto size = InputFile(path).size();
    if (size != file.bytes)
      refuse(path.string(), fmt::format("has {} bytes, the result says {}", size, file.bytes));
    if (file.path == sidecar_name && size != used)
      refuse(where, fmt::format("{} has {} bytes, the cases listed hold {}: a case was dropped",
                                sidecar_name, size, used));
    if (hash_of(path, sidecar) != file.sha256)
      refuse(path.string(), fmt::format("does not match the SHA-256 in {}", result_name));
  }
}

void check_manifest(const fs::path& folder, const ReadFile& read, SidecarSource& sidecar) {
  const auto path = folder / manifest_name;
  std::error_code error;
  if (!fs::exists(path, error)) return;
  const auto text = read_text(path);
  bool listed = false;
  for (std::string_view rest = text; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    constexpr std::size_t digits = 64;
    if (line.size() <= digits + 2)
      refuse(path.string(), fmt::format("\"{}\" is no line of sha256sum", line));
    const std::string name(line.substr(digits + 2));
    const auto file = inside(folder, name, path.string());
    const bool known = name == read.name;
    listed = listed || known;
    if ((known ? read.sha256 : hash_of(file, sidecar)) != line.substr(0, digits))
      refuse(file.string(), fmt::format("does not match {}", manifest_name));
  }
  if (!listed) refuse(path.string(), fmt::format("does not list {}", read.name));
}

}  // namespace assay::result

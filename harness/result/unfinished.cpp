#include "harness/result/unfinished.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "harness/core/error.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/journal.hpp"

namespace assay::result {
namespace {

namespace fs = std::filesystem;

constexpr const char* anew = "start the run anew";
constexpr const char* restore = "restore the folder as the run left it";

[[noreturn]] void refuse(const fs::path& where, std::string what, std::string remedy) {
  throw UsageError({.where = where.string(), .what = std::move(what), .remedy = std::move(remedy)});
}

AppendFile held_journal(const fs::path& folder) {
  const auto path = folder / journal_name;
  if (!is_there(path))
    refuse(folder, fmt::format("holds no {}", journal_name), "give the folder of a run");
  auto journal = AppendFile::reopen(path);
  switch (journal.hold()) {
    case AppendFile::Hold::of_another:
      refuse(folder, "another process is writing this run",
             "wait until it has ended, or end it first");
    case AppendFile::Hold::not_possible:
      refuse(folder, "its file system cannot keep others from resuming the run too",
             "copy the folder to another file system and resume it there");
    case AppendFile::Hold::mine:
      break;
  }
  return journal;
}

/// What a journal of another version lacks can be read, but not made up; one of 0.1.1 lacks only
/// what has a default.
void check_version(std::string_view header_line, const std::string& where) {
  constexpr std::array<std::string_view, 5> older{"0.1.1", "0.1.2", "0.1.3", "0.1.4", "0.1.5"};
  const auto header = plan::parse_json(header_line, where + ": line 1");
  plan::ObjectReader reader(header, {where + ": line 1", {}});
  plan::check_format(reader, "assay.journal", schema_version);
  const auto version = reader.value("schema_version");
  const bool known =
      version.text() == schema_version || std::ranges::find(older, version.text()) != older.end();
  if (!known || !header.contains("conduct"))
    version.refuse(fmt::format("version \"{}\" cannot be resumed by this program, which writes {}",
                               version.text(), schema_version),
                   "resume it with the assay that began it");
}

/// The cases finished are the first ones of the plan, and the plan is the one recorded.
void check_cases(const ResultDocument& document, const Conduct& conduct, const std::string& where) {
  const auto plan = planned(document, conduct);
  if (sha256(plan::canonical(plan, document.plan.inputs)) != document.plan.sha256 ||
      plan.cases.size() != document.plan.cases)
    refuse(where + ": line 1", "plan.sha256 is not that of the cases planned", restore);
  for (std::size_t i = 0; i < document.cases.size(); ++i) {
    const auto& spec = document.cases[i].spec;
    if (plan::to_json(spec) != plan::to_json(plan.cases[i]))
      refuse(where, fmt::format("case {} stands where the plan has another", spec.id), restore);
  }
}

std::string reason_of(const std::optional<RunWriter::Ending>& ending) {
  if (!ending) return "it was killed";
  if (ending->complete) return "it was killed while it wrote its files";
  return ending->reason.empty() ? "no reason is given" : ending->reason;
}

/// A contract beside the journal is the one that the journal holds.
void check_contract(const fs::path& folder, const Conduct& conduct) {
  const auto path = folder / contract_name;
  if (is_there(path) && read_text(path) != conduct.contract)
    refuse(path, "is not the contract that the run was begun with", "restore or remove it");
}

/// Matrices are called by their content, other files by a name.
bool goes_with(const Input& input, const std::string& text) {
  if (input.dim != "counts") return is_plain_name(input.name);
  const auto name = traffic_name(input.name);
  return !name.digest.empty() && sha256(text).starts_with(name.digest);
}

/// The journal holds what each file held that its cases name, and so does the folder.
void check_inputs(const fs::path& folder, const Begun& begun, const std::string& where) {
  const auto& conduct = begun.conduct;
  const auto& planned = begun.document.plan.inputs;
  const auto check = [&](bool holds, const Input& input) {
    if (holds) return;
    refuse(where + ": line 1", fmt::format("it does not hold what {} names", input.label()),
           restore);
  };
  for (const auto& spec : conduct.cases)
    for (const auto& input : inputs_of(spec)) {
      const auto texts = conduct.inputs.find(input.dim);
      check(texts != conduct.inputs.end() && texts->second.contains(input.name), input);
    }
  for (const auto& [dim, texts] : conduct.inputs)
    for (const auto& [name, text] : texts) {
      const Input input{dim, name};
      const auto digest = planned.find(kept_input(input));
      const bool as_planned =
          planned.empty() || (digest != planned.end() && digest->second == sha256(text));
      check(goes_with(input, text) && as_planned, input);
      const auto kept = folder / kept_input(input);
      if (is_there(kept) && read_text(kept) != text)
        refuse(kept, "is not the file that the run was begun with", "restore or remove it");
    }
}

}  // namespace

std::string_view Unfinished::header_line() const {
  return std::string_view(text).substr(0, text.find('\n'));
}

std::string Unfinished::first_case() const {
  const auto done = document.cases.size();
  return done < conduct.cases.size() ? conduct.cases[done].id : std::string();
}

plan::Plan planned(const ResultDocument& header, const Conduct& conduct) {
  plan::Plan plan{.suite = header.plan.suite,
                  .seed = header.run.seed,
                  .cases = conduct.cases,
                  .layouts = header.layouts,
                  .estimated_s = header.plan.estimated_s,
                  .inputs = conduct.inputs};
  plan::attach_inputs(plan);
  return plan;
}

Unfinished open_unfinished(const fs::path& folder) {
  auto journal = held_journal(folder);
  const auto where = (folder / journal_name).string();
  const auto text = read_text(where);
  const auto lines = split_journal(text, where);
  check_version(lines.header.text, where);
  const auto ending = ending_of(lines, where);
  if (ending && ending->complete && is_there(folder / result_name) &&
      is_there(folder / manifest_name))
    refuse(folder, "the run is complete: nothing is left to measure",
           fmt::format("see its verdict with: assay judge {}", folder.string()));
  auto begun = read_begun(lines.header.text, where);
  check_contract(folder, begun.conduct);
  check_inputs(folder, begun, where);
  auto loaded = load_result(where);
  check_cases(loaded.document, begun.conduct, where);
  if (loaded.document.provenance != Provenance::measured)
    refuse(where, "was not measured by a run", anew);
  return {.folder = folder,
          .journal = std::move(journal),
          .text = std::string(whole_lines(text)),
          .document = std::move(loaded.document),
          .conduct = std::move(begun.conduct),
          .sidecar_bytes = loaded.sidecar_bytes,
          .previous = reason_of(ending)};
}

}  // namespace assay::result

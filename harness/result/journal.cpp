#include "harness/result/journal.hpp"

#include <fmt/format.h>

#include <cmath>

#include "harness/core/error.hpp"

namespace assay::result {
namespace {

using plan::ObjectReader;

constexpr std::string_view no_footer =
    "the journal has no footer: the run was killed, or is still going on";
constexpr std::string_view footer_start = R"({"footer":)";

/// How a run ended, as it stands in `run` of result.json.
Json run_with_ending(Json run, const RunWriter::Ending& ending) {
  run["ended"] = ending.ended;
  run["complete"] = ending.complete;
  if (!ending.reason.empty()) run["reason"] = ending.reason;
  if (ending.noop_s) run["noop_s"] = *ending.noop_s;
  if (ending.clock) run["clock"]["sync"] = clock_sync_to_json(*ending.clock);
  return run;
}

RunWriter::Ending read_footer(std::string_view line, std::string_view where) {
  const auto json = plan::parse_json(line, where);
  ObjectReader reader(json, {std::string(where), {}});
  reader.flag("footer");
  RunWriter::Ending ending{.complete = reader.flag("complete"),
                           .reason = reader.optional_text("reason").value_or(""),
                           .ended = reader.text("ended")};
  ending.warnings = read_warnings(reader.list("warnings"));
  ending.noop_s = reader.optional_number("noop_s");
  if (auto clock = reader.optional_object("clock")) {
    ending.clock = read_clock_sync(clock->object("sync"));
    clock->finish();
  }
  reader.finish();
  return ending;
}

/// The header as it was written, in its own order of keys.
Json read_journal_header(std::string_view line, std::string_view where) {
  const auto checked = plan::parse_json(line, where);
  ObjectReader reader(checked, {std::string(where), {}});
  plan::check_format(reader, "assay.journal", schema_version);
  for (const char* key : {"provenance", "run", "plan", "topology", "layouts"}) reader.value(key);
  reader.object("run");
  reader.finish();
  return Json::parse(line);
}

Json files_to_json(std::span<const FileEntry> files) {
  Json list = Json::array();
  for (const auto& file : files)
    list.push_back({{"path", file.path}, {"bytes", file.bytes}, {"sha256", file.sha256}});
  return list;
}

}  // namespace

JournalLines split_journal(std::string_view text, std::string_view where) {
  std::vector<std::string_view> whole;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    whole.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (whole.empty())
    throw UsageError({.where = std::string(where),
                      .what = "holds no complete header line",
                      .remedy = "the run ended before its first case, or this is no journal"});
  JournalLines lines{.header = whole.front(), .cases = {}, .footer = {}};
  for (std::size_t i = 1; i < whole.size(); ++i) {
    if (lines.footer)
      throw UsageError({.where = fmt::format("{}: line {}", where, i + 1),
                        .what = "a line follows the footer",
                        .remedy = "the file was changed after the run"});
    if (!whole[i].starts_with(footer_start)) {
      lines.cases.push_back(whole[i]);
      continue;
    }
    lines.footer = whole[i];
    lines.footer_line = i + 1;
  }
  return lines;
}

Json footer_to_json(const RunWriter::Ending& ending) {
  invariant(!ending.noop_s || std::isfinite(*ending.noop_s), "the noop figure is not finite");
  Json json = run_with_ending({{"footer", true}}, ending);
  json["warnings"] = warnings_to_json(ending.warnings);
  return json;
}

std::string assemble_result(const JournalLines& lines, std::span<const FileEntry> files,
                            std::string_view where) {
  auto header = read_journal_header(lines.header, fmt::format("{}: line 1", where));
  RunWriter::Ending ending{.complete = false, .reason = std::string(no_footer)};
  if (lines.footer)
    ending = read_footer(*lines.footer, fmt::format("{}: line {}", where, lines.footer_line));
  header["run"] = run_with_ending(std::move(header["run"]), ending);
  std::string text = "{\"format\":\"assay.result\",\n";
  for (const char* key : {"schema_version", "provenance", "run", "plan", "topology", "layouts"})
    text += fmt::format("\"{}\":{},\n", key, dump(header.at(key)));
  text += "\"cases\":[";
  for (std::size_t i = 0; i < lines.cases.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += lines.cases[i];
  }
  text += fmt::format("],\n\"warnings\":{},\n\"files\":{}}}\n",
                      dump(warnings_to_json(ending.warnings)), dump(files_to_json(files)));
  return text;
}

nlohmann::json journal_document(std::string_view text, std::span<const FileEntry> files,
                                std::string_view where) {
  const auto lines = split_journal(text, where);
  auto frame = lines;
  frame.cases.clear();
  auto document = plan::parse_json(assemble_result(frame, files, where), where);
  auto& cases = document["cases"];
  for (std::size_t i = 0; i < lines.cases.size(); ++i)
    cases.push_back(plan::parse_json(lines.cases[i], fmt::format("{}: line {}", where, i + 2)));
  return document;
}

}  // namespace assay::result

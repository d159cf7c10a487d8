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
constexpr std::string_view attempt_start = R"({"attempt":)";

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
  reader.optional_value("conduct");  // absent from journals of 0.1.0
  reader.finish();
  return Json::parse(line);
}

/// Attempts are numbered on from the header's.
Json with_attempt(Json run, const std::vector<JournalLines::AttemptLine>& attempts) {
  const auto first = run.find("attempt");
  // Anything else is refused with the rest of the document.
  if (attempts.empty() || first == run.end() || !first->is_number_unsigned() ||
      first->get<std::uint64_t>() > INT32_MAX)
    return run;
  *first = first->get<std::uint64_t>() + attempts.size();
  return run;
}

/// Entries of a list, a line each.
std::string listed(std::string_view key, const std::vector<JournalLines::Line>& lines) {
  auto text = fmt::format("\"{}\":[", key);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += lines[i].text;
  }
  return text + "],\n";
}

std::string resumed_text(const JournalLines& lines) {
  if (lines.attempts.empty()) return {};
  std::vector<JournalLines::Line> attempts;
  for (const auto& attempt : lines.attempts) attempts.push_back(attempt.line);
  return listed("resumed", attempts);
}

std::string line_name(std::string_view where, const JournalLines::Line& line) {
  return fmt::format("{}: line {}", where, line.number);
}

/// An attempt began with the case that it says it began with.
void check_first_cases(const nlohmann::json& document, const JournalLines& lines,
                       std::string_view where) {
  const auto& cases = document["cases"];
  for (std::size_t i = 0; i < lines.attempts.size(); ++i) {
    const auto& attempt = lines.attempts[i];
    if (attempt.cases_before >= cases.size()) continue;
    const auto& next = cases[attempt.cases_before];
    if (!next.is_object() || !next.contains("id")) continue;  // refused for that, later
    const auto& resumed = document["resumed"][i];
    if (!resumed.contains("first_case") || resumed.at("first_case") != next.at("id"))
      throw UsageError({.where = line_name(where, attempt.line),
                        .what = "the attempt did not begin with the case that follows it",
                        .remedy = "the file was changed after the run"});
  }
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
  text = whole_lines(text);
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    whole.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  if (whole.empty())
    throw UsageError({.where = std::string(where),
                      .what = "holds no complete header line",
                      .remedy = "the run ended before its first case, or this is no journal"});
  JournalLines lines{.header = {whole.front()}, .cases = {}, .attempts = {}, .footer = {}};
  for (std::size_t i = 1; i < whole.size(); ++i) {
    const JournalLines::Line line{whole[i], i + 1};
    if (line.text.starts_with(attempt_start)) {
      lines.attempts.push_back({line, lines.cases.size()});
      lines.footer.reset();
    } else if (lines.footer) {
      throw UsageError({.where = line_name(where, line),
                        .what = "a line follows the footer",
                        .remedy = "the file was changed after the run"});
    } else if (line.text.starts_with(footer_start)) {
      lines.footer = line;
    } else {
      lines.cases.push_back(line);
    }
  }
  return lines;
}

std::string_view whole_lines(std::string_view text) {
  const auto last = text.rfind('\n');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::optional<RunWriter::Ending> ending_of(const JournalLines& lines, std::string_view where) {
  if (!lines.footer) return std::nullopt;
  return read_footer(lines.footer->text, line_name(where, *lines.footer));
}

Begun read_begun(std::string_view header_line, std::string_view where) {
  const auto name = fmt::format("{}: line 1", where);
  const auto header = plan::parse_json(header_line, name);
  const auto frame = plan::parse_json(assemble_result({.header = {header_line}}, {}, where), where);
  ObjectReader reader(frame, {name, {}});
  Begun begun{.document = read_header(reader), .conduct = {}};
  ObjectReader own(header, {name, {}});
  begun.conduct = read_conduct(own.object("conduct"));
  return begun;
}

Json footer_to_json(const RunWriter::Ending& ending) {
  invariant(!ending.noop_s || std::isfinite(*ending.noop_s), "the noop figure is not finite");
  Json json = run_with_ending({{"footer", true}}, ending);
  json["warnings"] = warnings_to_json(ending.warnings);
  return json;
}

std::string assemble_result(const JournalLines& lines, std::span<const FileEntry> files,
                            std::string_view where) {
  auto header = read_journal_header(lines.header.text, line_name(where, lines.header));
  const auto ending =
      ending_of(lines, where)
          .value_or(RunWriter::Ending{.complete = false, .reason = std::string(no_footer)});
  header["run"] = run_with_ending(with_attempt(std::move(header["run"]), lines.attempts), ending);
  std::string text = "{\"format\":\"assay.result\",\n";
  for (const char* key : {"schema_version", "provenance", "run", "plan", "topology", "layouts"})
    text += fmt::format("\"{}\":{},\n", key, dump(header.at(key)));
  text += resumed_text(lines) + listed("cases", lines.cases);
  text += fmt::format("\"warnings\":{},\n\"files\":{}}}\n", dump(warnings_to_json(ending.warnings)),
                      dump(files_to_json(files)));
  return text;
}

nlohmann::json journal_document(std::string_view text, std::span<const FileEntry> files,
                                std::string_view where) {
  const auto lines = split_journal(text, where);
  auto frame = lines;
  frame.cases.clear();
  for (const auto& attempt : lines.attempts)
    plan::parse_json(attempt.line.text, line_name(where, attempt.line));  // by its own line
  auto document = plan::parse_json(assemble_result(frame, files, where), where);
  auto& cases = document["cases"];
  for (const auto& line : lines.cases)
    cases.push_back(plan::parse_json(line.text, line_name(where, line)));
  check_first_cases(document, lines, where);
  return document;
}

}  // namespace assay::result

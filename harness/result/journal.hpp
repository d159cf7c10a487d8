// The journal: a header line, one line per finished case, a footer. A run that was cut short may be
// resumed, whatever its journal ends with: a line for the new attempt, its cases, its footer.
// result.json is assembled from the lines alone, so that a result can always be rebuilt. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/result/codec.hpp"
#include "harness/result/conduct.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {

/// Lines of a journal, without their newlines, as views into its text.
struct JournalLines {
  struct Line {
    std::string_view text;
    std::size_t number = 1;  ///< counted from 1, for messages
  };
  struct AttemptLine {
    Line line;
    std::size_t cases_before = 0;  ///< finished when it began
  };
  Line header = {};
  std::vector<Line> cases = {};
  std::vector<AttemptLine> attempts = {};  ///< later ones: the first is the header's
  std::optional<Line> footer = {};         ///< of the last attempt
};

/// Splits a journal. A last line without newline is one that a killed run could not finish: it is
/// left out. Throws UsageError where not even the header is whole, or a line that begins no new
/// attempt follows a footer.
JournalLines split_journal(std::string_view text, std::string_view where);

/// The bytes of `text` up to its last whole line.
std::string_view whole_lines(std::string_view text);

/// How the last attempt ended, as far as it could say so.
std::optional<RunWriter::Ending> ending_of(const JournalLines& lines, std::string_view where);

/// Everything of a document that was known before its first case, and how the run was to be
/// conducted. Throws UsageError for a line that is no header, or one that holds no conduct.
struct Begun {
  ResultDocument document;
  Conduct conduct;
};
Begun read_begun(std::string_view header_line, std::string_view where);

Json footer_to_json(const RunWriter::Ending& ending);

/// The text of result.json: one top-level key a line, one case a line, cases and attempts byte for
/// byte as in the journal. A journal without footer gives an incomplete result whose reason says
/// so. Throws UsageError for a header or footer that is none.
std::string assemble_result(const JournalLines& lines, std::span<const FileEntry> files,
                            std::string_view where);

/// The same as a parsed document; errors name the journal's lines.
nlohmann::json journal_document(std::string_view text, std::span<const FileEntry> files,
                                std::string_view where);

}  // namespace assay::result

// The journal: a header line, one line per finished case, a footer. result.json is assembled from
// its lines alone, so that a result can always be rebuilt. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/result/codec.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {

/// Lines of a journal, without their newlines, as views into its text.
struct JournalLines {
  std::string_view header;
  std::vector<std::string_view> cases;
  std::optional<std::string_view> footer;
  std::size_t footer_line = 0;  ///< counted from 1, for messages
};

/// Splits a journal. A last line without newline is one that a killed run could not finish: it is
/// left out. Throws UsageError where not even the header is whole, or lines follow a footer.
JournalLines split_journal(std::string_view text, std::string_view where);

Json footer_to_json(const RunWriter::Ending& ending);

/// The text of result.json: one top-level key a line, one case a line, cases byte for byte as in
/// the journal. A journal without footer gives an incomplete result whose reason says so. Throws
/// UsageError for a header or footer that is none.
std::string assemble_result(const JournalLines& lines, std::span<const FileEntry> files,
                            std::string_view where);

/// The same as a parsed document; errors name the journal's lines.
nlohmann::json journal_document(std::string_view text, std::span<const FileEntry> files,
                                std::string_view where);

}  // namespace assay::result

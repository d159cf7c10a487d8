// Plain text in columns, and text wrapped to a width. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay::report {

/// Characters as a terminal shows them: code points of UTF-8.
std::size_t width(std::string_view text);

enum class Align { left, right };

struct Column {
  std::string header;
  Align align = Align::right;
  std::string usual{};  ///< left out where all of its cells say this; empty: never
};

/// Columns as wide as their widest cell, two blanks between them, no blanks at the end of a line.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell for each column, made printable(); missing ones are empty.
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  bool shown(std::size_t column) const;
  std::string line(const std::vector<std::string>& cells,
                   const std::vector<std::size_t>& widths) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// `head` followed by `body`, both printable(), broken at blanks so that no line is wider than
/// `columns` where words allow it; further lines begin below the text.
std::string wrapped(std::string_view head, std::string_view body, std::size_t columns);

}  // namespace assay::report

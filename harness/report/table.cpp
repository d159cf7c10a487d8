#include "harness/report/table.hpp"

#include <algorithm>

#include "harness/core/printable.hpp"

namespace assay::report {
namespace {

std::string blanks(std::size_t count) { return std::string(count, ' '); }

std::string padded(const std::string& cell, std::size_t to, Align align) {
  const auto pad = blanks(to - std::min(to, width(cell)));
  return align == Align::left ? cell + pad : pad + cell;
}

}  // namespace

std::size_t width(std::string_view text) {
  // Continuation bytes of UTF-8 take no column of their own.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void Table::add(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (auto& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

bool Table::shown(std::size_t column) const {
  const auto& usual = columns_[column].usual;
  return usual.empty() || std::any_of(rows_.begin(), rows_.end(),
                                      [&](const auto& row) { return row[column] != usual; });
}

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<std::size_t>& widths) const {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!shown(i)) continue;
    if (!text.empty()) text += "  ";
    text += padded(cells[i], widths[i], columns_[i].align);
  }
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

std::string Table::text() const {
  std::vector<std::string> headers;
  std::vector<std::size_t> widths;
  for (const auto& column : columns_) headers.push_back(column.header);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    widths.push_back(width(headers[i]));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], width(row[i]));
  }
  auto text = line(headers, widths);
  for (const auto& row : rows_) text += line(row, widths);
  return text;
}

std::string wrapped(std::string_view head, std::string_view body, std::size_t columns) {
  const auto first = printable(head), text = printable(body);
  const auto indent = width(first);
  std::string result = first, word;
  auto used = indent;
  bool fresh = true;  // nothing but the indentation stands on this line
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    word = text.substr(at, end - at);
    if (!fresh && used + 1 + width(word) > columns) {
      result += "\n" + blanks(indent);
      used = indent;
      fresh = true;
    }
    if (!fresh) result += " ";
    result += word;
    used += width(word) + (fresh ? 0 : 1);
    fresh = false;
    at = end + 1;
  }
  return result + "\n";
}

}  // namespace assay::report

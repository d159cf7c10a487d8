#include "harness/core/number_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/core/error.hpp"

namespace assay {
namespace {

/// Sums of thousands of them stay within 64 bits.
constexpr std::uint64_t largest_number = std::uint64_t{1} << 50;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Takes what stands before the next `separator` away from `text`.
std::string_view next(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

class Reader {
 public:
  Reader(std::string_view where, const NumberTableForm& form) : where_(where), form_(form) {}

  NumberTable read(std::string_view csv) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // as spreadsheets write it
    if (csv.starts_with(byte_order_mark)) csv.remove_prefix(byte_order_mark.size());
    csv = csv.substr(0, csv.find_last_not_of(" \t\r\n") + 1);
    while (!csv.empty()) {
      ++line_;
      read_line(trimmed(next(csv, '\n')));
    }
    if (table_.numbers.empty()) refuse("holds no numbers");
    return std::move(table_);
  }

 private:
  [[noreturn]] void refuse(std::string what) const { refuse(std::move(what), form_.remedy); }
  [[noreturn]] void refuse(std::string what, std::string_view remedy) const {
    throw UsageError({std::string(where_), std::move(what), std::string(remedy)});
  }

  void read_line(std::string_view line) {
    if (line_ > form_.most_lines)
      refuse(fmt::format("line {}: it has more than {} lines", line_, form_.most_lines),
             form_.remedy_long);
    std::size_t column = 0;
    for (bool more = true; more;) {
      more = line.find(',') != std::string_view::npos;
      add(trimmed(next(line, ',')), ++column);
    }
    if (line_ == 1) table_.columns = column;
    if (column != table_.columns)
      refuse(fmt::format("line {}: it has {} number{}, and line 1 has {}", line_, column,
                         column == 1 ? "" : "s", table_.columns));
  }

  void add(std::string_view text, std::size_t column) {
    if (column > form_.most_columns)
      refuse(fmt::format("line {}: it has more than {} numbers", line_, form_.most_columns));
    std::uint64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool digits = stop == end && !text.empty();
    if (digits && (error == std::errc::result_out_of_range || number > largest_number))
      refuse(fmt::format("line {}, column {}: {} is above 2^50", line_, column, text),
             "divide all numbers by the same: only their ratios matter");
    if (!digits || error != std::errc())
      refuse(fmt::format("line {}, column {}: '{}' is no whole number ≥ 0", line_, column, text));
    table_.numbers.push_back(number);
  }

  std::string_view where_;
  const NumberTableForm& form_;
  NumberTable table_;
  std::size_t line_ = 0;
};

}  // namespace

NumberTable parse_numbers(std::string_view csv, std::string_view where,
                          const NumberTableForm& form) {
  return Reader(where, form).read(csv);
}

}  // namespace assay

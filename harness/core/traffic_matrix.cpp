#include "harness/core/traffic_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/core/error.hpp"

namespace assay {
namespace {

/// Sums of most_matrix_ranks of them stay within 64 bits.
constexpr std::uint64_t largest_weight = std::uint64_t{1} << 50;
constexpr const char* form =
    "give one line per sender, in it one whole number per receiver, with commas between them";

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
  explicit Reader(std::string_view where) : where_(where) {}

  TrafficMatrix read(std::string_view csv) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";  // as spreadsheets write it
    if (csv.starts_with(byte_order_mark)) csv.remove_prefix(byte_order_mark.size());
    csv = csv.substr(0, csv.find_last_not_of(" \t\r\n") + 1);
    while (!csv.empty()) {
      ++line_;
      read_line(trimmed(next(csv, '\n')));
    }
    return finish();
  }

 private:
  [[noreturn]] void refuse(std::string what, std::string remedy = form) const {
    throw UsageError({std::string(where_), std::move(what), std::move(remedy)});
  }

  void read_line(std::string_view line) {
    if (line_ > most_matrix_ranks)
      refuse(fmt::format("line {}: it has more than {} lines", line_, most_matrix_ranks),
             "give fewer ranks, or counts=skewed:SEED, which needs no matrix");
    std::size_t column = 0;
    for (bool more = true; more;) {
      more = line.find(',') != std::string_view::npos;
      add(trimmed(next(line, ',')), ++column);
    }
    if (line_ == 1) columns_ = column;
    if (column != columns_)
      refuse(fmt::format("line {}: it has {} number{}, and line 1 has {}", line_, column,
                         column == 1 ? "" : "s", columns_));
  }

  void add(std::string_view text, std::size_t column) {
    if (column > most_matrix_ranks)
      refuse(fmt::format("line {}: it has more than {} numbers", line_, most_matrix_ranks));
    std::uint64_t weight = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, weight);
    const bool digits = stop == end && !text.empty();
    if (digits && (error == std::errc::result_out_of_range || weight > largest_weight))
      refuse(fmt::format("line {}, column {}: {} is above 2^50", line_, column, text),
             "divide all numbers by the same: only their ratios matter");
    if (!digits || error != std::errc())
      refuse(fmt::format("line {}, column {}: '{}' is no whole number ≥ 0", line_, column, text));
    any_ = any_ || weight > 0;
    matrix_.weights.push_back(weight);
  }

  TrafficMatrix finish() {
    const auto lines = matrix_.weights.size() / std::max<std::size_t>(columns_, 1);
    if (lines == 0) refuse("holds no numbers");
    if (lines != columns_)
      refuse(fmt::format("line {}: it is the last one, and there are {} columns", lines, columns_),
             "a matrix has as many lines as columns, one of each per rank");
    if (!any_) refuse("all numbers are 0: nothing would be sent", "give one above 0");
    matrix_.ranks = static_cast<int>(lines);
    return std::move(matrix_);
  }

  std::string_view where_;
  TrafficMatrix matrix_;
  std::size_t line_ = 0, columns_ = 0;
  bool any_ = false;
};

}  // namespace

TrafficMatrix parse_traffic(std::string_view csv, std::string_view where) {
  return Reader(where).read(csv);
}

TrafficName traffic_name(std::string_view counts) {
  if (counts.starts_with(traffic_file)) counts.remove_prefix(traffic_file.size());
  const auto mark = counts.rfind('#');
  if (mark != std::string_view::npos) {
    const auto digest = counts.substr(mark + 1);
    const bool hex = digest.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (digest.size() == traffic_digits && hex)
      return {std::string(counts.substr(0, mark)), std::string(digest)};
  }
  return {std::string(counts), {}};
}

std::string format_traffic(const TrafficName& name) {
  return fmt::format("{}{}#{}", traffic_file, name.path, name.digest);
}

std::string kept_traffic(const TrafficName& name) {
  return fmt::format("counts-{}.csv", name.digest);
}

}  // namespace assay

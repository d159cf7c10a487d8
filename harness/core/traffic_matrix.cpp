#include "harness/core/traffic_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/number_table.hpp"

namespace assay {

TrafficMatrix parse_traffic(std::string_view csv, std::string_view where) {
  auto table = parse_numbers(
      csv, where,
      {most_matrix_ranks, most_matrix_ranks,
       "give one line per sender, in it one whole number per receiver, with commas between them",
       "give fewer ranks, or counts=skewed:SEED, which needs no matrix"});
  const auto refuse = [&](std::string what, std::string remedy) {
    throw UsageError({std::string(where), std::move(what), std::move(remedy)});
  };
  const auto lines = table.numbers.size() / table.columns;
  if (lines != table.columns)
    refuse(
        fmt::format("line {}: it is the last one, and there are {} columns", lines, table.columns),
        "a matrix has as many lines as columns, one of each per rank");
  if (std::all_of(table.numbers.begin(), table.numbers.end(), [](auto n) { return n == 0; }))
    refuse("all numbers are 0: nothing would be sent", "give one above 0");
  return {static_cast<int>(lines), std::move(table.numbers)};
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

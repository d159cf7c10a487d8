// Who sends how much to whom, as somebody has measured or counted it, from a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Weights: only their ratios matter.
struct TrafficMatrix {
  int ranks = 0;
  std::vector<std::uint64_t> weights = {};  ///< [i · ranks + j]: what rank i sends to rank j
};

/// More do not fit into every rank's memory.
inline constexpr int most_matrix_ranks = 4096;

/// Comma-separated whole numbers, one line per sender, in it one number per receiver; bytes or
/// tokens, for example. Throws UsageError naming `where`, line and column for anything else: too
/// many or too large numbers, a matrix that is not square, or one in which all is 0.
TrafficMatrix parse_traffic(std::string_view csv, std::string_view where);

/// The values of dimension `counts` that name such a file begin with this.
inline constexpr std::string_view traffic_file = "file:";

/// What a case calls a file, wherever it lay: "file:moe.csv#0123456789ab", its name and the first
/// digits of the SHA-256 of what it holds.
struct TrafficName {
  std::string path;    ///< of a case: the name alone
  std::string digest;  ///< empty: not said
};
inline constexpr std::size_t traffic_digits = 12;
TrafficName traffic_name(std::string_view counts);
std::string format_traffic(const TrafficName& name);
/// The file in a run's folder: "counts-0123456789ab.csv".
std::string kept_traffic(const TrafficName& name);

}  // namespace assay

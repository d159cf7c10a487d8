// What a case leaves behind: work per group, series of samples, verification, flags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace assay {

/// What one launch moves or computes, per group. Every rate is amount / time, so every figure can
/// be recomputed from the document. An amount that is undefined for a group (busbw of one rank)
/// is left out, its reason in `absent`.
struct Work {
  std::map<std::string, double, std::less<>> amount;       ///< "bus_bytes", "flops", …
  std::map<std::string, std::string, std::less<>> absent;  ///< amount → reason
  friend bool operator==(const Work&, const Work&) = default;
};

/// Series of a case. Axis `iteration`: one value per timed iteration of the group, in order.
/// Axis `rank`: one value per rank of the group, in the group's order.
enum class Axis { iteration, rank };

struct Series {
  std::string name;  ///< "warm_up", "pilot", "t_max"; "rank_min", "rank_p50", "rank_p99", …
  std::string unit;  ///< symbol of the base unit: "s"
  Axis axis = Axis::iteration;
  std::size_t group = 0;  ///< index through all rounds of the layout
  std::vector<float> values;
};

/// Something to know about the samples of a group: kept, never dropped.
struct Flag {
  std::string code;  ///< "not_stationary"
  std::size_t group = 0;
  std::string evidence;
};

struct Samples {
  std::vector<Series> series;
  std::vector<Flag> flags;
  std::int64_t block_length = 0;  ///< iterations per block as timed; 0 = no blocks
};

/// When data was checked: before the timed loop, or the output of the timed loop itself.
enum class Moment { before, after };

/// The first wrong element, so that it can be found again.
struct WrongElement {
  int rank = 0;  ///< world rank whose buffer is wrong
  std::string host;
  std::string buffer;        ///< "recv", "guard before", "guard after"
  std::uint64_t offset = 0;  ///< in elements (guards: in bytes)
  std::string expected, actual;
  friend bool operator==(const WrongElement&, const WrongElement&) = default;
};

struct VerifyReport {
  std::uint64_t checked = 0;  ///< elements
  std::uint64_t wrong = 0;
  std::optional<WrongElement> first;
  std::string method;  ///< "timed output" | "extra call on the timed buffers"
};

}  // namespace assay

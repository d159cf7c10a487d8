// The collectives and the point-to-point patterns, as the layers below the catalogue name them.
// What each means (extents, bus factor, oracle) stands in one table:
// benchmarks/collective_spec.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace assay {

enum class Collective {
  all_reduce,
  reduce_scatter,
  all_gather,
  all_to_all,
  all_to_all_v,
  broadcast,
  reduce,
  gather,
  scatter,
  send_recv,
  hypercube,
  barrier,
  ping_pong,
  unidirectional,
  bidirectional
};

inline constexpr std::array<std::string_view, 15> collective_names{
    "all_reduce", "reduce_scatter", "all_gather", "all_to_all",     "all_to_all_v",
    "broadcast",  "reduce",         "gather",     "scatter",        "send_recv",
    "hypercube",  "barrier",        "ping_pong",  "unidirectional", "bidirectional"};

constexpr std::string_view name(Collective collective) {
  return collective_names[static_cast<std::size_t>(collective)];
}

/// Whether it combines elements of several ranks, by a reduction.
constexpr bool reduces(Collective collective) {
  return collective == Collective::all_reduce || collective == Collective::reduce ||
         collective == Collective::reduce_scatter;
}

}  // namespace assay

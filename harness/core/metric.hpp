// The one table of metrics. Contracts, compare, reports and text know nothing else about them.
#pragma once

#include <array>
#include <string_view>

#include "harness/core/units.hpp"

namespace assay {

enum class Better { higher, lower };
/// rate: Work amount / seconds of t_max. cost: seconds of t_max / Work amount. series: a recorded
/// series as it is.
enum class Source { rate, cost, series };

struct Metric {
  std::string_view name;
  Unit unit;
  Better better;
  Source source;
  std::string_view of;  ///< Work amount (rate, cost) or series name (series)
  std::string_view help;
};

inline constexpr std::array<Metric, 14> metrics{{
    {"time", Unit::second, Better::lower, Source::series, "t_max",
     "T_max: longest local time of an iteration over the ranks of a group"},
    {"latency", Unit::second, Better::lower, Source::cost, "messages",
     "time of one message of a ping-pong: half the round trip"},
    {"span", Unit::second, Better::lower, Source::series, "t_span",
     "T_span: last exit minus first arrival; needs a common clock"},
    {"transfer", Unit::second, Better::lower, Source::series, "t_transfer",
     "T_transfer: last exit minus last arrival; needs a common clock"},
    {"algbw", Unit::byte_per_second, Better::higher, Source::rate, "alg_bytes",
     "message size over T_max"},
    {"busbw", Unit::byte_per_second, Better::higher, Source::rate, "bus_bytes",
     "algbw times the collective's bus factor: comparable with link rates"},
    {"bandwidth", Unit::byte_per_second, Better::higher, Source::rate, "bytes",
     "bytes read plus bytes written over T_max"},
    {"flops", Unit::flop_per_second, Better::higher, Source::rate, "flops",
     "floating-point operations over T_max"},
    {"overlap", Unit::one, Better::higher, Source::series, "overlap",
     "share of the shorter of collective and compute that the longer one hides"},
    {"comm_time", Unit::second, Better::lower, Source::series, "t_comm",
     "T_max of the nonblocking collective without compute"},
    {"compute_time", Unit::second, Better::lower, Source::series, "t_compute",
     "T_max of the compute without collective"},
    {"slowdown", Unit::one, Better::lower, Source::series, "slowdown",
     "T_max of a collective beside another one, over that of the same alone"},
    {"alone_time", Unit::second, Better::lower, Source::series, "t_alone",
     "T_max of the collective alone"},
    {"companion_time", Unit::second, Better::lower, Source::series, "t_companion",
     "the other collective's time over the ranks of the group"},
}};

constexpr const Metric* find_metric(std::string_view name) {
  for (const auto& row : metrics)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace assay

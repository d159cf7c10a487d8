// The one table of metrics. Contracts, compare, reports and text know nothing else about them.
#pragma once

#include <array>
#include <string_view>

#include "harness/core/units.hpp"

namespace assay {

enum class Better { higher, lower };
/// rate: Work amount / seconds of t_max. cost: seconds of t_max / Work amount. series: a recorded
/// series as it is. reading: a recorded series of one value per rank, which is no sample of
/// anything: what is said of it is said of every rank.
enum class Source { rate, cost, series, reading };

struct Metric {
  std::string_view name;
  Unit unit;
  Better better;
  Source source;
  std::string_view of;  ///< Work amount (rate, cost) or series name
  std::string_view help;
};

inline constexpr std::array<Metric, 48> metrics{{
    {"time", Unit::second, Better::lower, Source::series, "t_max",
     "T_max: longest local time of an iteration over the ranks of a group"},
    {"wall_time", Unit::second, Better::lower, Source::series, "t_wall",
     "where GPUs time themselves: T_max by the host's clock, launching and waiting included"},
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
     "bytes read plus bytes written over T_max; host_copy, peer_copy: bytes that cross"},
    {"flops", Unit::flop_per_second, Better::higher, Source::rate, "flops",
     "floating-point operations over T_max"},
    {"step_time", Unit::second, Better::lower, Source::cost, "steps",
     "of a training step: T_max, the longest local time of a step over all ranks"},
    {"tokens_per_s", Unit::token_per_second, Better::higher, Source::rate, "tokens",
     "tokens of a training step over T_max, per rank"},
    {"model_flops", Unit::flop_per_second, Better::higher, Source::rate, "model_flops",
     "what a training step must compute over T_max, per rank: causal attention, nothing twice"},
    {"hardware_flops", Unit::flop_per_second, Better::higher, Source::rate, "hardware_flops",
     "what a training step computes over T_max, per rank: what is computed again, too"},
    {"mfu", Unit::one, Better::higher, Source::rate, "model_s_at_peak",
     "model_flops over what a rank computes at most (dimension peak)"},
    {"hfu", Unit::one, Better::higher, Source::rate, "hardware_s_at_peak",
     "hardware_flops over what a rank computes at most (dimension peak)"},
    {"overlap", Unit::one, Better::higher, Source::series, "overlap",
     "share of the shorter of collective and compute that the longer one hides"},
    {"comm_time", Unit::second, Better::lower, Source::series, "t_comm",
     "T_max of the nonblocking collective, or a step's communication, without compute"},
    {"compute_time", Unit::second, Better::lower, Source::series, "t_compute",
     "T_max of the compute without communication"},
    {"compute", Unit::second, Better::lower, Source::series, "compute",
     "of a training step: time in which a rank computes, on average of its ranks"},
    {"exposed_tp", Unit::second, Better::lower, Source::series, "exposed_tp",
     "of a training step: communication of tensor parallelism and no compute beside it"},
    {"exposed_cp", Unit::second, Better::lower, Source::series, "exposed_cp",
     "of a training step: communication of context parallelism and no compute beside it"},
    {"exposed_pp", Unit::second, Better::lower, Source::series, "exposed_pp",
     "of a training step: communication of pipeline parallelism and no compute beside it"},
    {"exposed_dp", Unit::second, Better::lower, Source::series, "exposed_dp",
     "of a training step: communication of data parallelism and no compute beside it"},
    {"exposed_ep", Unit::second, Better::lower, Source::series, "exposed_ep",
     "of a training step: communication of expert parallelism and no compute beside it"},
    {"exposed_world", Unit::second, Better::lower, Source::series, "exposed_world",
     "of a training step: communication of all ranks and no compute beside it"},
    {"idle", Unit::second, Better::lower, Source::series, "idle",
     "of a training step: neither compute nor communication; with compute and all exposed: T_max"},
    {"hidden", Unit::one, Better::higher, Source::series, "hidden",
     "of a training step: share of communication that goes on under compute"},
    {"bubble", Unit::one, Better::lower, Source::series, "bubble",
     "of a training step: share in which a rank waits for others; needs a common clock"},
    {"bubble_ideal", Unit::one, Better::lower, Source::series, "bubble_ideal",
     "of a training step: the bubble that its schedule has if only compute takes time"},
    {"bubble_excess", Unit::one, Better::lower, Source::series, "bubble_excess",
     "of a training step: bubble minus bubble_ideal; needs a common clock"},
    {"comm_wait", Unit::second, Better::lower, Source::series, "comm_wait",
     "of a training step: time in which a rank communicates and waits for others to begin; needs a "
     "common clock"},
    {"comm_transfer", Unit::second, Better::lower, Source::series, "comm_transfer",
     "of a training step: the rest of its communication, which all have begun; needs a common "
     "clock"},
    {"straggler_index", Unit::one, Better::lower, Source::reading, "straggler_index",
     "of a training step: median compute of each rank over that of the middle rank"},
    {"compute_interference", Unit::one, Better::lower, Source::series, "compute_interference",
     "time of compute in a training step over that of the same alone"},
    {"communication_interference", Unit::one, Better::lower, Source::series,
     "communication_interference",
     "time of transfers in a training step over that of the same alone; needs a common clock"},
    {"slowdown", Unit::one, Better::lower, Source::series, "slowdown",
     "T_max of a collective beside another one, over that of the same alone"},
    {"alone_time", Unit::second, Better::lower, Source::series, "t_alone",
     "T_max of the collective alone"},
    {"companion_time", Unit::second, Better::lower, Source::series, "t_companion",
     "the other collective's time over the ranks of the group"},
    {"gpu_temperature", Unit::celsius, Better::lower, Source::reading, "gpu_temperature",
     "of each rank's GPU, right after the case"},
    {"gpu_power", Unit::watt, Better::lower, Source::reading, "gpu_power",
     "drawn by each rank's GPU, right after the case"},
    {"gpu_clock", Unit::hertz, Better::higher, Source::reading, "gpu_clock",
     "of the multiprocessors of each rank's GPU, right after the case"},
    {"gpu_memory_clock", Unit::hertz, Better::higher, Source::reading, "gpu_memory_clock",
     "of the memory of each rank's GPU, right after the case"},
    {"gpu_throttled", Unit::one, Better::lower, Source::reading, "gpu_throttled",
     "reasons that held each rank's GPU back right after the case: heat, power"},
    {"ecc_corrected", Unit::one, Better::lower, Source::reading, "ecc_corrected",
     "memory errors that each rank's GPU corrected during the case"},
    {"ecc_uncorrected", Unit::one, Better::lower, Source::reading, "ecc_uncorrected",
     "memory errors of each rank's GPU during the case that it could not correct"},
    {"rows_remapped", Unit::one, Better::lower, Source::reading, "rows_remapped",
     "rows of memory that each rank's GPU has replaced since it was made"},
    {"row_remap_failed", Unit::one, Better::lower, Source::reading, "row_remap_failed",
     "1: each rank's GPU had a row of memory to replace and none left to replace it with"},
    {"pcie_replays", Unit::one, Better::lower, Source::reading, "pcie_replays",
     "packets that each rank's GPU had to send again during the case"},
}};

constexpr const Metric* find_metric(std::string_view name) {
  for (const auto& row : metrics)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace assay

// Timelines as the trace event format has them, which Perfetto and chrome://tracing open. Pure.
#pragma once

#include <span>
#include <string>

#include "harness/core/timeline.hpp"

namespace assay::report {

/// JSON, one event a line: a process for each rank, named with its host; a thread for each stream;
/// a complete event ("X") for each operation, its label as category, its scope among the args.
/// Times are in microseconds since the first begin of all. `clock_bound_s`: times of two ranks may be
/// off by twice as much (0: not known); it is among the metadata. Source: "Trace Event Format",
/// Google.
std::string chrome_trace(std::span<const RankTimeline> ranks, double clock_bound_s = 0);

}  // namespace assay::report

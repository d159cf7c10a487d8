// A Case is one thing to measure: a benchmark, its dimensions, who takes part, and how it is timed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/dims.hpp"
#include "harness/core/traffic_matrix.hpp"

namespace assay {

namespace training {
struct Workload;
}

/// isolated: ranks synchronise before every iteration. stream: iterations follow back to back.
/// graph: likewise, replayed from a recording of the GPU.
enum class Pacing { isolated, stream, graph };
inline const std::vector<std::string_view> pacing_names{"isolated", "stream", "graph"};
/// cold: buffers rotate beyond the last-level cache. warm: one buffer, used again and again.
enum class Cache { cold, warm };

std::string_view name(Pacing pacing);
std::string_view name(Cache cache);
std::optional<Pacing> pacing_from(std::string_view text);
std::optional<Cache> cache_from(std::string_view text);

/// Both minima must be reached before timing begins.
struct WarmUp {
  std::int64_t iterations = 20;
  double time_s = 0.05;
  friend bool operator==(const WarmUp&, const WarmUp&) = default;
};

enum class StopKind {
  blocks,      ///< a planned number of blocks: what a verdict needs
  iterations,  ///< a planned number of iterations (nccl-tests' -n)
  time,        ///< as many iterations as fit into `time_s`
  precision,   ///< until the median's 95% interval is narrower than `precision`; a width is
               ///< peeking, so no clause may use such a case
};
std::string_view name(StopKind kind);
std::optional<StopKind> stop_kind_from(std::string_view text);

/// When a case has been measured enough. A value: run() interprets it, the judge reads it.
struct Stop {
  StopKind kind = StopKind::blocks;
  std::int64_t blocks = 64;
  /// Iterations per block when fixed in the plan (odd); absent: taken from the pilot.
  std::optional<std::int64_t> block_length{};
  /// Quantiles that clauses ask of this case: the pilot's block length serves all of them.
  std::vector<double> quantiles{0.5};
  std::int64_t iterations = 0;
  double time_s = 0;        ///< kind time: the budget; other kinds: a cap, 0 = none
  double precision = 0.05;  ///< kind precision: width of the interval over the median
  friend bool operator==(const Stop&, const Stop&) = default;
};

/// Iterations of a pilot without which blocks are not judged.
inline constexpr std::int64_t least_pilot = 20;

struct Protocol {
  Pacing pacing = Pacing::isolated;
  Cache cache = Cache::cold;
  WarmUp warm_up{};
  /// Iterations before the blocks that fix the block length; not part of any verdict.
  std::int64_t pilot = 500;
  Stop stop{};
  bool verify = true;
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct Case {
  std::string id{};  ///< "c001", …: unique within a plan, in the plan's order
  std::string benchmark{};
  Dims dims{};
  std::string layout{};  ///< key into Plan::layouts: "world", or "world@7" under placement 7
  Protocol protocol{};
  bool optional = false;  ///< a skip is no gap in the evidence
  /// What dimension `counts` names where that is a file. Not in the case's JSON: its digest is.
  std::shared_ptr<const TrafficMatrix> traffic{};
  /// What dimensions `model` and `parallelism` name, likewise: see training/workload.hpp.
  std::shared_ptr<const training::Workload> workload{};
};

/// The layout without its placement: "world" of "world@7".
std::string_view layout_name(const Case& c);

/// Key into Plan::layouts of what goes on beside the case, under the same placement; empty: nothing
/// does. Throws UsageError where the dimension says nothing sensible.
std::string companion_layout(const Case& c);

/// The value a contract selects on: "benchmark", "layout" (without its placement, which is a
/// dimension), "pacing", "cache" or a dimension. Placement and repetition are 0, and the buffers of
/// a collective plain, where the case does not name them; any other dimension that it lacks is
/// absent.
std::optional<DimValue> attribute(const Case& c, std::string_view key);

/// The value of dimension `counts` where it names a file; else null.
const std::string* traffic_of(const Case& c);

/// "all_reduce 64 MiB fp32 sum world stream": for progress lines and findings.
std::string label(const Case& c);

}  // namespace assay

// Measures a plan, case by case. It knows Benchmark, not any particular one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "harness/bench/benchmark.hpp"
#include "harness/comm/backend.hpp"
#include "harness/comm/team.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/document.hpp"
#include "harness/run/common_clock.hpp"
#include "harness/run/gpu_readings.hpp"
#include "harness/run/progress.hpp"

namespace assay::run {

/// What a run is made of. Everything outlives the run.
struct Rig {
  comm::Team& world;
  const Topology& topology;
  device::Devices devices;
  const bench::Benchmarks& benchmarks;
  std::span<const comm::Backend> backends;
  Progress& progress;
  CommonClock& clock;       ///< over `world`; read once it was synchronised, which the run repeats
  std::string no_gpu = {};  ///< as in bench::Facts; equal on all ranks
  ReadCounters counters = {};  ///< of this rank's GPU, if there are any; asked around its cases
};

/// How isolated iterations start: automatic chooses by what the barrier and the operation take.
enum class Sync { automatic, barrier };

/// Per rank; may differ between ranks where said so.
struct RunSettings {
  double max_time_per_round_s = 60;      ///< given to run_plan: of a case, shared by its rounds
  int threads = 1;                       ///< per rank: for local compute
  std::uint64_t rotation_bytes = 0;      ///< equal on all ranks: cold buffers rotate over this much
  std::uint64_t gpu_rotation_bytes = 0;  ///< likewise, those in memory of a GPU
  std::size_t first_case = 0;            ///< equal on all ranks: those before were measured already
  Sync sync = Sync::automatic;           ///< equal on all ranks
  bool ranks_outnumber_cores = false;    ///< somewhere; equal on all ranks
};

/// Called on rank 0 after every case, in order.
using CaseSink = std::function<void(const result::CaseResult&)>;
/// Likewise, just before, with the timelines of a case that has any: what a case names is there.
using TimelineSink = std::function<void(const Case&, std::span<const RankTimeline>)>;

/// Collective over rig.world. A case of which a round cannot be prepared is `failed`, with the
/// samples of the rounds before and a reason that names round and ranks, and the run goes on; a
/// failing launch or a lost library throws RunError on the rank that sees it.
void run_plan(const plan::Plan& plan, const Rig& rig, const RunSettings& settings,
              const CaseSink& sink, const TimelineSink& timelines = {});

}  // namespace assay::run

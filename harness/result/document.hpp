// The evidence of a run: result.json, run.jsonl and the float32 sidecar as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/case.hpp"
#include "harness/core/inputs.hpp"
#include "harness/core/layout.hpp"
#include "harness/core/samples.hpp"
#include "harness/core/topology.hpp"
#include "harness/core/warning.hpp"

namespace assay::result {

/// Of result and journal; any change to their shape bumps it (semver).
inline constexpr const char* schema_version = "0.1.6";

enum class Provenance { measured, simulated, imported };

enum class Status {
  measured,
  skipped,  ///< the benchmark does not support it here: `reason` says why
  failed,   ///< started and could not be finished
};

/// What the synchronisations of a run have shown: the worst of all ranks and all of them.
struct ClockSync {
  int synchronisations = 0;
  double least_bound_s = 0;  ///< of the synchronisation that went best
  double bound_s = 0;        ///< the common time of no rank was further off, wherever it was known
  double estimate_s = 0;     ///< how far it seems to have been off
  int hops = 0;              ///< longest path of learning from rank 0
  std::optional<double> drift = {};  ///< seconds per second against rank 0; absent: not known
  int unsteady = 0;  ///< synchronisations that found a clock stepped, or at another rate
  friend bool operator==(const ClockSync&, const ClockSync&) = default;
};

struct Clock {
  std::string source = {};             ///< "CLOCK_MONOTONIC"
  bool common = false;                 ///< one clock over all ranks
  std::string reason = {};             ///< why not
  double resolution_s = 0;             ///< smallest step seen
  std::string method = {};             ///< how it was made common: "HCA3"; empty where it was not
  std::optional<ClockSync> sync = {};  ///< known at the end of a run
};

struct RunInfo {
  std::string id = {};  ///< random, hexadecimal
  int attempt = 1;
  std::string started = {}, ended = {};  ///< UTC, "2026-01-31T12:00:00Z"
  bool complete = false;
  std::string reason = {};  ///< why not complete
  std::string command = {};
  std::uint64_t seed = 0;
  std::map<std::string, std::string> tool =
      {};  ///< version, git, build_type, compiler, flags, mpi, …
  Clock clock = {};
  std::optional<double> noop_s = {};  ///< median of the harness's own overhead per iteration
  std::map<std::string, std::string> environment = {};  ///< allow-listed
};

struct PlanInfo {
  std::string suite = {};
  std::string sha256 = {};  ///< of plan::canonical
  std::size_t cases = 0;    ///< planned
  double estimated_s = 0;
  InputDigests inputs = {};  ///< of the files that cases name; results of 0.1.5 do not say it
};

/// Where a rank runs.
struct Binding {
  std::vector<RankRange> ranks = {};
  std::string cpus =
      {};  ///< hwloc list of allowed cores, "0-3"; ranks with equal bindings share a row
};

struct HostInfo {
  std::string name = {};
  std::string partition = {};
  std::vector<RankRange> ranks = {};
  std::size_t fingerprint = 0;  ///< index into TopologyInfo::fingerprints
  std::vector<Binding> bindings = {};
};

/// A setting of ranks that is not rank 0's.
struct SetOtherwise {
  std::string name = {};
  std::optional<std::string> value = {};  ///< none: they have not set it, and rank 0 has
  std::vector<RankRange> ranks = {};
};

struct TopologyInfo {
  std::vector<HostInfo> hosts = {};
  /// cpu, cores, sockets, numa, l3, memory, kernel, governor, mpi, instruction_set, …
  std::vector<std::map<std::string, std::string>> fingerprints = {};
  std::vector<std::map<std::string, std::string>> devices = {};
  /// Of `devices`: what may be another the next moment, and so tells no machine from another.
  static bool is_momentary(std::string_view key) { return key == "gpu_pcie_now" || key == "nvml"; }
  bool stated = false;  ///< --ranks-per-node was given: hosts are pretended
  /// Beside rank 0's environment, but for what Slurm tells each task; absent: not recorded.
  std::optional<std::vector<SetOtherwise>> set_otherwise = {};

  Topology topology() const;
};

struct Verification {
  VerifyReport before = {}, after = {};
  bool done = false;
  std::string reason = {};  ///< why not done
};

struct CaseResult {
  Case spec = {};
  Status status = Status::measured;
  std::string reason = {};
  std::string path = {};        ///< "native", "chunked"; how the operation was carried out
  std::string reduction = {};   ///< "library", "assay" or empty
  std::vector<Work> work = {};  ///< one for all groups when alike, else one per group
  std::map<std::string, std::string> notes = {};  ///< actual bytes, threads, rotation, …
  Samples samples = {};
  std::map<std::string, std::string> absent = {};  ///< metric → reason
  Verification verify = {};
  double elapsed_s = 0;

  const Work& work_of(std::size_t group) const { return work.size() == 1 ? work[0] : work[group]; }
};

struct FileEntry {
  std::string path = {};
  std::uint64_t bytes = 0;
  std::string sha256 = {};
};

/// A later attempt at a run that was cut short: it measured the cases that were missing.
struct Attempt {
  int attempt = 2;
  std::string id = {};       ///< random, hexadecimal
  std::string started = {};  ///< UTC, "2026-01-31T12:00:00Z"
  std::string command = {};
  std::string first_case = {};  ///< id of the first case that was missing; empty: none was
  std::string previous = {};    ///< why the attempt before it ended
  TopologyInfo topology = {};
  std::map<std::string, std::string> environment = {};
  std::vector<Warning> warnings = {};  ///< of its inventory
};

struct ResultDocument {
  Provenance provenance = Provenance::measured;
  RunInfo run = {};
  PlanInfo plan = {};
  TopologyInfo topology = {};
  std::map<std::string, Layout> layouts = {};
  std::vector<Attempt> resumed = {};   ///< later attempts, oldest first
  std::vector<CaseResult> cases = {};  ///< in the order measured
  std::vector<Warning> warnings = {};
  std::vector<FileEntry> files = {};
};

}  // namespace assay::result

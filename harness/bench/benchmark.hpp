// Benchmark: something that can be measured. Prepared: one case of it, ready to be launched.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/bench/harvest.hpp"
#include "harness/bench/turns.hpp"
#include "harness/comm/backend.hpp"
#include "harness/core/benchmark_info.hpp"
#include "harness/core/case.hpp"
#include "harness/core/layout.hpp"
#include "harness/core/samples.hpp"
#include "harness/core/timeline.hpp"
#include "harness/core/topology.hpp"
#include "harness/device/device.hpp"

namespace assay::bench {

/// What a benchmark may look at before it says whether it can run a case. Equal on all ranks.
struct Facts {
  const Topology& topology;
  const Layout& layout;
  std::span<const comm::Backend> backends;
  std::string no_gpu = {};  ///< why memory of GPUs cannot be used; empty: every rank has a GPU
};

/// The row of the backend that a case names; null where it names none, or none that there is. Pure.
const comm::Backend* backend_of(const Dims& dims, std::span<const comm::Backend> backends);

/// Where a case's buffers are: its dimension `memory`, else its backend's memory, else the host's.
/// Pure.
device::MemoryKind memory_of(const Dims& dims, std::span<const comm::Backend> backends);

/// Whether it cannot be measured without a GPU. A case whose backend is missing cannot be measured
/// anyway. Pure.
bool needs_gpu(const Dims& dims, std::span<const comm::Backend> backends);

/// Whose clock sees a launch end: the caller's, or that of the device which was only given it.
/// Pure.
enum class TimedBy { caller, device };
TimedBy timed_by(const BenchmarkInfo& info, const Dims& dims,
                 std::span<const comm::Backend> backends);

/// Why dimension `backend` names none that is built in; empty: it does. Pure.
std::string backend_refusal(const Dims& dims, const Facts& facts);

/// Empty reason: yes.
struct Support {
  std::string reason;
  bool yes() const { return reason.empty(); }
};

/// This rank's place in the group that is timed.
struct GroupView {
  int rank = 0, size = 1;
  int world_rank = 0;
  std::string host;
};

/// This rank's place in what goes on beside the group that is timed (dimension `beside`).
struct Companion {
  GroupView group;
  comm::Communicator* communicator = nullptr;  ///< null: nothing does
};

/// For who needs communicators of other groups than the one that is timed.
struct Axes {
  comm::Connection* connection = nullptr;  ///< as Context::communicator: may be null
  comm::Team* team = nullptr;              ///< of the group that is timed
  std::vector<int> ranks{};                ///< of it, as the connection numbers them
};

/// What a case is prepared with. Outlives the Prepared.
struct Context {
  const Case& spec;
  GroupView group;
  device::Device& device;
  comm::Communicator* communicator =
      nullptr;                       ///< the group's; null unless the case names a backend
  std::uint64_t seed = 0;            ///< equal on all ranks
  std::uint64_t rotation_bytes = 0;  ///< rotate buffers over this much; 0 = one buffer (warm)
  int threads = 1;                   ///< for local compute: cores bound to this rank
  Companion companion{};
  Axes axes{};
};

/// The same place for another case, which outlives what is returned.
Context for_case(const Context& context, const Case& spec);

/// Untimed moment before a launch (isolated) or before a block (stream).
struct Iteration {
  bool last = false;  ///< what follows is the output that verify(Moment::after) will see
};

/// All functions are collective over the group where the benchmark communicates, local otherwise.
class Prepared {
 public:
  virtual ~Prepared() = default;
  /// Local. What one launch does, for this rank's group.
  virtual Work work() const = 0;
  /// Local. For the document: path, reduction, actual sizes, threads, rotation.
  virtual comm::LaunchInfo launch_info() const { return {}; }
  virtual std::map<std::string, std::string> notes() const { return {}; }
  /// Local. The same on all ranks.
  virtual Turns turns() const { return {}; }
  /// Untimed, collective over the group, once, when all of its ranks have prepared: what they must
  /// agree on. No: they cannot measure it between them. The team outlives the Prepared. Throws
  /// RunError.
  virtual Support calibrate(comm::Team&) { return {}; }
  /// Untimed. Local; or, of what is paced isolated only, collective over the group.
  virtual void reset(Iteration) {}
  /// One timed operation: the next of turns(). Nothing in it allocates, logs, throws or looks
  /// anything up.
  virtual void launch() noexcept = 0;
  /// Throws RunError if any launch failed. Local.
  virtual void check() const {}
  /// Untimed, collective over the group, after every chunk of launches, in warm-up and pilot too,
  /// whose values are dropped: of each iteration since the last call; the same series in the same
  /// order on all ranks. `clock` is null where ranks share none, as in warm-up and pilot.
  virtual std::vector<Harvested> harvest(const ClockOfAll*) { return {}; }
  /// Local. What this rank did in the last timed iteration, by the clock of harvest(); empty:
  /// nothing is known of it.
  virtual RankTimeline timeline() const { return {}; }
  /// before: one untimed operation on poisoned buffers. after: the output of the last timed one.
  virtual VerifyReport verify(Moment) { return {}; }
  /// Untimed, collective over the group, once, after calibrate(), when all is measured or nothing
  /// will be: to let go of what is another rank's.
  virtual void let_go() {}
};

class Benchmark {
 public:
  virtual ~Benchmark() = default;
  virtual const BenchmarkInfo& info() const = 0;
  /// Pure.
  virtual Support supports(const Case& spec, const Facts& facts) const = 0;
  /// Collective over the group. Throws RunError (memory).
  virtual std::unique_ptr<Prepared> prepare(Context& context) const = 0;
};

/// Whether the case can be measured here: what holds for all benchmarks, and Benchmark::supports().
/// Pure.
Support support(const Benchmark& benchmark, const Case& spec, const Facts& facts);

/// Benchmarks by name, in the order of `list`.
using Benchmarks = std::vector<std::shared_ptr<const Benchmark>>;

const Benchmark* find(const Benchmarks& benchmarks, std::string_view name);
Catalogue catalogue_of(const Benchmarks& benchmarks);

/// A stable 64-bit mix, for deriving seeds. (splitmix64's finaliser, public domain.)
std::uint64_t mix(std::uint64_t x);

}  // namespace assay::bench

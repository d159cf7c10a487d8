// Communicator: the data plane, the thing that is measured. It never coordinates a measurement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/comm/setup.hpp"
#include "harness/core/buffer_kind.hpp"
#include "harness/core/collective.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/error.hpp"
#include "harness/core/pair_counts.hpp"
#include "harness/core/reduce_op.hpp"
#include "harness/device/device.hpp"

namespace assay::comm {

/// One collective call with everything but its buffers.
struct CollectiveCall {
  Collective collective = Collective::all_reduce;
  DataType type = DataType::fp32;
  ReduceOp op = ReduceOp::sum;
  std::uint64_t count = 0;             ///< elements; all_to_all, all_gather, …: per rank
  int root = 0;                        ///< rooted collectives
  const PairCounts* counts = nullptr;  ///< all_to_all_v; not needed once the call is resolved
};

/// How a call is carried out, for the document.
struct LaunchInfo {
  std::string path;       ///< "native"; "chunked", "wide type": beyond the library's int counts
  std::string reduction;  ///< "library"; "assay": our kernel is timed; empty: nothing is reduced
  /// In place, reduce_scatter: element of the buffer at which this rank's result begins.
  std::uint64_t in_place_result_at = 0;
};

/// A call resolved before timing: launching it allocates, looks up, logs and throws nothing.
class Launch {
 public:
  virtual ~Launch() = default;
  /// Collective over the communicator. This rank's part is complete on return, or at the latest
  /// when Device::wait() returns: Communicator::done_on_return(). `send` null means in place: the
  /// input is in `recv`. Buffers may differ from launch to launch.
  virtual void operator()(const std::byte* send, std::byte* recv) noexcept = 0;
  /// Local. Throws RunError if any launch so far failed.
  virtual void check() const = 0;
  virtual const LaunchInfo& info() const = 0;
  /// Untimed, local. What memory of its own still holds of earlier launches is overwritten, so that
  /// the next one cannot leave their result.
  virtual void forget() {}
};

/// A collective that goes on while the caller computes; resolved before timing like a Launch. One
/// operation at a time: start, then test as often as liked, then wait. Nothing here throws,
/// allocates or logs but check(); the library may allocate.
class Nonblocking {
 public:
  virtual ~Nonblocking() = default;
  /// Collective over the communicator, in the same order on all its ranks; does not wait. Buffers
  /// as for Launch; untouched by the caller until the operation is complete.
  virtual void start(const std::byte* send, std::byte* recv) noexcept = 0;
  /// Local. Lets the library make progress, where it needs the caller for that; true once this
  /// rank's part is complete.
  virtual bool test() noexcept = 0;
  /// Blocks until this rank's part is complete or, as Communicator::done_on_return() has it, has
  /// the device's further work wait for that. At once where nothing is under way.
  virtual void wait() noexcept = 0;
  /// Local. Throws RunError if any operation so far failed.
  virtual void check() const = 0;
  virtual const LaunchInfo& info() const = 0;
};

/// One message of a fixed size to or from a rank of the communicator.
struct Transfer {
  enum class Way { send, receive };
  Way way = Way::send;
  int peer = 0;
  std::size_t bytes = 0;
};

/// Messages resolved before timing: the parts from which composed collectives are made. Per pair of
/// ranks, messages match in the order in which they are started. Nothing here throws, allocates or
/// logs but check().
class Transfers {
 public:
  virtual ~Transfers() = default;
  /// Local, does not wait. `data` stays valid until the transfer is finished; the data of a send
  /// is not written to. Started once between two finishes.
  virtual void start(std::size_t index, std::byte* data) noexcept = 0;
  /// Waits until the transfer is complete on this rank.
  virtual void finish(std::size_t index) noexcept = 0;
  /// Local. Lets the library make progress, where it needs the caller for that; true once the
  /// transfer is complete on this rank, which is then finished. Waits for it where the library
  /// cannot be asked.
  virtual bool test(std::size_t index) noexcept {
    finish(index);
    return true;
  }
  /// Both at once: start, and wait.
  virtual void carry_out(std::size_t index, std::byte* data) noexcept = 0;
  /// Local. Throws RunError if anything so far failed.
  virtual void check() const = 0;
  /// As Launch::forget().
  virtual void forget() {}
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual bool accepts(device::MemoryKind memory) const = 0;
  /// Local. Whether a launch, or a transfer that is finished, is complete on this rank when the
  /// call returns; else when Device::wait() does.
  virtual bool done_on_return() const { return true; }
  /// Local. The library's own implementation of `call`, or null where it has none.
  /// The launch must not outlive the communicator. Throws RunError when the library refuses.
  virtual std::unique_ptr<Launch> native(const CollectiveCall& call) = 0;
  /// Local. The same, nonblocking; null where the library has none for a call of this size: it is
  /// neither cut into pieces nor wrapped into wider types. Throws RunError when the library
  /// refuses.
  virtual std::unique_ptr<Nonblocking> nonblocking(const CollectiveCall&) { return nullptr; }
  /// Local. Whether waiting for one transfer is waiting for all that have been started.
  virtual bool waits_for_all_begun() const { return false; }
  /// Local. Indices of the result are those of `transfers`. Must not outlive the communicator.
  virtual std::unique_ptr<Transfers> transfers(std::vector<Transfer> transfers) = 0;
  /// Memory for buffers of a kind that Backend::no_buffers does not refuse; of any content. For
  /// symmetric ones collective over the communicator, with equal `bytes`. May outlive what it was
  /// asked of. Throws RunError: memory, the library's refusal.
  virtual device::Buffer allocate(BufferKind, std::size_t) {
    throw InternalError("this library is told nothing of buffers");
  }
  /// Local. Whether the library can tell what it chooses.
  virtual bool tells_choices() const { return false; }
  /// Local. From now on what the library chooses is kept, which costs time.
  virtual void watch_choices() {}
  /// Collective over `team`, the communicator's ranks. Ends the watch; on rank 0: what the library
  /// chose on all ranks for what was launched since on buffers of that kind, and has been waited
  /// for, as notes of a case.
  virtual std::map<std::string, std::string> choices(Team&, BufferKind) { return {}; }
  /// Local; null where Backend::no_making says why.
  virtual std::unique_ptr<Setup> making(Making) { return nullptr; }
  /// Local. Of memory of its own, of a kind that Backend::no_buffers does not refuse, but plain.
  /// Throws RunError (memory).
  virtual std::unique_ptr<Setup> registering(BufferKind, std::size_t) { return nullptr; }
};

}  // namespace assay::comm

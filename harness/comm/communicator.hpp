// Communicator: the data plane, the thing that is measured. It never coordinates a measurement.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/core/collective.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"
#include "harness/device/device.hpp"

namespace assay::comm {

/// One collective call with everything but its buffers.
struct CollectiveCall {
  Collective collective = Collective::all_reduce;
  DataType type = DataType::fp32;
  ReduceOp op = ReduceOp::sum;
  std::uint64_t count = 0;  ///< elements; all_to_all: per peer
};

/// How a call is carried out, for the document.
struct LaunchInfo {
  std::string path;       ///< "native"; "chunked", "wide type": beyond the library's int counts
  std::string reduction;  ///< "library"; "assay": our kernel is timed; empty: nothing is reduced
};

/// A call resolved before timing: launching it allocates, looks up, logs and throws nothing.
class Launch {
 public:
  virtual ~Launch() = default;
  /// Collective over the communicator, blocking until this rank's part is complete. `send` null
  /// means in place: the input is in `recv`. Buffers may differ from launch to launch.
  virtual void operator()(const std::byte* send, std::byte* recv) noexcept = 0;
  /// Local. Throws RunError if any launch so far failed.
  virtual void check() const = 0;
  virtual const LaunchInfo& info() const = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual bool accepts(device::MemoryKind memory) const = 0;
  /// Local. The library's own implementation of `call`, or null where it has none.
  /// The launch must not outlive the communicator. Throws RunError when the library refuses.
  virtual std::unique_ptr<Launch> native(const CollectiveCall& call) = 0;
};

}  // namespace assay::comm

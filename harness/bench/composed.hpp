// Carries a schedule out: a collective composed from send and receive, as a Launch like any other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/comm/communicator.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"
#include "harness/device/device.hpp"
#include "harness/schedule/schedule.hpp"

namespace assay::bench {

struct Composition {
  const schedule::Schedule& schedule;  ///< of this rank; not needed after compose()
  DataType type = DataType::fp32;
  /// Absent: the collective reduces nothing. Present also on a rank that only passes values on to
  /// those that reduce them, so that all ranks say alike who does it.
  std::optional<ReduceOp> op = {};
  std::string algorithm;  ///< becomes the path: "composed ring"
  /// avg: elements of `recv` to divide by this once all else is done; 0 = none.
  std::uint64_t divide_count = 0;
  BufferKind buffers = BufferKind::plain;  ///< the scratch memory too
};

/// Everything that a launch needs is resolved here: the order of starts, waits and local steps, and
/// the scratch memory. Transfers start as soon as what they depend on is complete, and are waited
/// for when something needs them, so copies and reductions overlap with what is under way.
/// Out of place only: a launch with `send` null fails its check(). Local; the result must not
/// outlive `communicator` or `device`. Throws RunError (memory).
std::unique_ptr<comm::Launch> compose(const Composition& composition,
                                      comm::Communicator& communicator, device::Device& device);

}  // namespace assay::bench

// A collective of NCCL beside other work: on a stream of its own, which leaves the device's stream
// when it is started and comes back to it when it is waited for. What times, holds back or records
// the device's stream has all of it.
#pragma once

#include "harness/comm/nccl_launch.hpp"

namespace assay::comm::nccl {

/// Local. `view` outlives it. Null and RunError as NcclCommunicator::native().
std::unique_ptr<Nonblocking> make_nonblocking(const CommView& view, const CollectiveCall& call);

}  // namespace assay::comm::nccl

// GoogleTest under mpirun: rank 0 reports, the others only their failures.
#pragma once

#include "harness/comm/backend.hpp"

namespace assay::tests {

/// Of the running program.
comm::Session& session();

}  // namespace assay::tests

// Making communicators of MPI's, for measuring what it takes.
#pragma once

#include <memory>

#include "harness/comm/mpi_launch.hpp"
#include "harness/comm/setup.hpp"

namespace assay::comm::mpi {

/// split or duplicate. `from` outlives it.
std::unique_ptr<Setup> make_setup(const CommView& from, Making making);

}  // namespace assay::comm::mpi

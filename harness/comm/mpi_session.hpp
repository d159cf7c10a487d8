// MPI's rows of the tables in backend.hpp.
#pragma once

#include "harness/comm/backend.hpp"

namespace assay::comm::mpi {

/// MPI_Init at MPI_THREAD_SINGLE: with Open MPI 4.1 any higher level costs about half of a small
/// all_reduce again.
std::unique_ptr<Session> open_session();

Backend backend();

}  // namespace assay::comm::mpi

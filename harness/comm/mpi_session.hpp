// MPI's rows of the tables in backend.hpp.
#pragma once

#include "harness/comm/backend.hpp"

namespace assay::comm::mpi {

/// MPI_Init at MPI_THREAD_SINGLE: with Open MPI 4.1 any higher level costs about half of a small
/// all_reduce again.
std::unique_ptr<Session> open_session();

/// Data in memory of the host.
Backend backend();
/// Of a GPU: copied to the host, sent from there, and copied back.
Backend staged_backend();
/// Of a GPU: given to MPI as they are.
Backend cuda_backend();

}  // namespace assay::comm::mpi

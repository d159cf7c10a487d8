// Whether this MPI takes pointers to memory of GPUs.
#pragma once

#include <string>

namespace assay::comm::mpi {

/// Why it does not, as far as is known; empty: it does. Local. Before MPI_Init some libraries
/// cannot be asked.
std::string no_cuda_because();

}  // namespace assay::comm::mpi

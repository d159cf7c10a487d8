// Messages beyond the library's int counts.
#pragma once

#include <cstdint>

#include "harness/comm/mpi_handles.hpp"

namespace assay::comm::mpi {

/// A committed type of exactly `count` contiguous `element`s, to be sent as one. Local.
Datatype wide_type(MPI_Datatype element, std::uint64_t count);

}  // namespace assay::comm::mpi

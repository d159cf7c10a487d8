#include "harness/comm/mpi_cuda_support.hpp"

#include "harness/comm/mpi_handles.hpp"
// Open MPI's extensions; MPICH has the same in mpi.h.
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

namespace assay::comm::mpi {
namespace {

constexpr const char* takes_none =
    "this MPI takes no memory of GPUs: MPIX_Query_cuda_support says no";

bool runs() {
  int initialized = 0, finalized = 0;
  check(MPI_Initialized(&initialized), "MPI_Initialized");
  check(MPI_Finalized(&finalized), "MPI_Finalized");
  return initialized != 0 && finalized == 0;
}

}  // namespace

std::string no_cuda_because() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  // Before it runs it says no, however it was built.
  const bool takes = runs() ? MPIX_Query_cuda_support() != 0 : MPIX_CUDA_AWARE_SUPPORT != 0;
  return takes ? "" : takes_none;
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  if (!runs()) return "this MPI says only in a run whether it takes memory of GPUs";
  return MPIX_Query_cuda_support() != 0 ? "" : takes_none;
#else
  (void)runs;
  return "this MPI does not say whether it takes memory of GPUs: it has no MPIX_Query_cuda_support";
#endif
}

}  // namespace assay::comm::mpi

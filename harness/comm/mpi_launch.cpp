#include "harness/comm/mpi_launch.hpp"

#include <algorithm>

namespace assay::comm::mpi {

bool MpiLaunch::under_way() const noexcept {
  return std::any_of(requests_.begin(), requests_.end(),
                     [](MPI_Request request) { return request != MPI_REQUEST_NULL; });
}

bool MpiLaunch::test() noexcept {
  if (!under_way()) return true;
  int done = 0;
  note(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                   MPI_STATUSES_IGNORE));
  if (done != 0) complete();
  return done != 0;
}

void MpiLaunch::wait() noexcept {
  if (!under_way()) return;
  note(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE));
  complete();
}

}  // namespace assay::comm::mpi

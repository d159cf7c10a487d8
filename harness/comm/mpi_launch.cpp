#include "harness/comm/mpi_launch.hpp"

#include <algorithm>

namespace assay::comm::mpi {

CommView view_of(const Comm& comm, device::Device& device) {
  CommView view{.comm = comm.get(), .device = &device};
  check(MPI_Comm_rank(view.comm, &view.rank), "MPI_Comm_rank");
  check(MPI_Comm_size(view.comm, &view.size), "MPI_Comm_size");
  return view;
}

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

std::unique_ptr<MpiLaunch> make_launch(const CommView& comm, const CollectiveCall& call) {
  auto launch = make_reduction(comm, call);
  return launch != nullptr ? std::move(launch) : make_movement(comm, call);
}

}  // namespace assay::comm::mpi

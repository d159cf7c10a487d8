// What every MPI collective has in common as a Launch, and who makes which.
#pragma once

#include <memory>

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_handles.hpp"

namespace assay::comm::mpi {

/// The communicator as a launch needs it; owned by the Communicator.
struct CommView {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, size = 1;
};

/// Launches are noexcept: what fails is kept for check().
class MpiLaunch : public Launch {
 public:
  void check() const override { failure_.check(); }
  const LaunchInfo& info() const override { return info_; }

 protected:
  MpiLaunch(const char* call, LaunchInfo info) : info_(std::move(info)), call_(call) {}
  void note(int code) noexcept { failure_.note(code, call_); }

 private:
  LaunchInfo info_;
  const char* call_;
  FirstFailure failure_;
};

/// all_reduce, reduce, reduce_scatter; null for any other.
std::unique_ptr<Launch> make_reduction(const CommView& comm, const CollectiveCall& call);
/// The collectives that move data or wait; null for any other, and for an all_to_all_v whose
/// displacements exceed an int.
std::unique_ptr<Launch> make_movement(const CommView& comm, const CollectiveCall& call);

}  // namespace assay::comm::mpi

// What every MPI collective has in common as a Launch, and who makes which.
#pragma once

#include <array>
#include <memory>

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_handles.hpp"

namespace assay::comm::mpi {

/// The communicator as a launch needs it; owned by the Communicator.
struct CommView {
  MPI_Comm comm = MPI_COMM_NULL;
  int rank = 0, size = 1;
  device::Device* device = nullptr;  ///< where the data are, for what MPI does not do itself
};

/// Of a communicator that outlives it, as `device` does.
CommView view_of(const Comm& comm, device::Device& device);

/// The send buffer as MPI takes it.
inline const void* or_in_place(const std::byte* send) noexcept {
  return send == nullptr ? MPI_IN_PLACE : static_cast<const void*>(send);
}

/// A collective in both of its forms: MPI_X with its arguments, and MPI_IX with the same and a
/// request. Launches are noexcept: what fails is kept for check().
class MpiLaunch : public Launch, public Nonblocking {
 public:
  bool test() noexcept final;
  void wait() noexcept final;
  void check() const final { failure_.check(); }
  const LaunchInfo& info() const final { return info_; }

 protected:
  MpiLaunch(const char* call, LaunchInfo info) : info_(std::move(info)), call_(call) {}
  /// What is left to do on this rank once an operation that was started is complete.
  virtual void complete() noexcept {}
  void note(int code) noexcept { failure_.note(code, call_); }
  /// Of the operation under way: two where it is made of messages.
  std::array<MPI_Request, 2> requests_{MPI_REQUEST_NULL, MPI_REQUEST_NULL};

 private:
  bool under_way() const noexcept;

  LaunchInfo info_;
  const char* call_;
  FirstFailure failure_;
};

/// all_reduce, reduce, reduce_scatter; null for any other. Only what is "native" can be started. An
/// average is, at the end, only enqueued on the device.
std::unique_ptr<MpiLaunch> make_reduction(const CommView& comm, const CollectiveCall& call);
/// The collectives that move data or wait; null for any other, and for an all_to_all_v whose
/// displacements exceed an int.
std::unique_ptr<MpiLaunch> make_movement(const CommView& comm, const CollectiveCall& call);
/// Any; null where MPI has none.
std::unique_ptr<MpiLaunch> make_launch(const CommView& comm, const CollectiveCall& call);

}  // namespace assay::comm::mpi

// What every NCCL collective has in common as a Launch, and who makes which.
#pragma once

#include <memory>
#include <vector>

#include "harness/comm/communicator.hpp"
#include "harness/comm/nccl_handles.hpp"
#include "harness/device/cuda_device.hpp"

namespace assay::comm::nccl {

/// The communicator as launches and transfers need it; owned by the Communicator.
struct CommView {
  std::shared_ptr<const Comm> owner;
  device::cuda::CudaDevice& device;
  int rank = 0, size = 1;
  /// Of messages: the ranks of a pair in a communicator of more. Empty: the communicator's own.
  std::vector<int> ranks = {};
  /// Where its work goes; null: the device's own stream.
  cudaStream_t beside = nullptr;

  ncclComm_t comm() const noexcept { return owner->get(); }
  cudaStream_t stream() const noexcept {
    return beside != nullptr ? beside : device.queue().stream;
  }
  int peer(int of) const noexcept {
    return ranks.empty() ? of : ranks[static_cast<std::size_t>(of)];
  }
  bool is_whole() const noexcept { return ranks.empty(); }
  /// Throws RunError for `failure`, or else if the communicator or the device has failed.
  void check(const NcclFailure& failure) const;
};

/// Work for the stream. Launches are noexcept: what fails is kept for check().
class NcclLaunch : public Launch {
 public:
  void check() const final { view_.check(failure_); }
  const LaunchInfo& info() const final { return info_; }

 protected:
  /// `view` outlives it.
  NcclLaunch(const CommView& view, LaunchInfo info) : view_(view), info_(std::move(info)) {}
  const CommView& view() const noexcept { return view_; }
  void note(ncclResult_t code, const char* call) noexcept { failure_.note(code, call); }

 private:
  const CommView& view_;
  LaunchInfo info_;
  NcclFailure failure_;
};

/// A single call of NCCL's; null where it has none, or not between these ranks. Throws RunError
/// for a type that NCCL lacks.
std::unique_ptr<Launch> make_collective(const CommView& view, const CollectiveCall& call);
/// A group of sends and receives; null for what is no mere movement of blocks.
std::unique_ptr<Launch> make_grouped(const CommView& view, const CollectiveCall& call);
/// Either.
std::unique_ptr<Launch> make_launch(const CommView& view, const CollectiveCall& call);

}  // namespace assay::comm::nccl

// Communicator over MPI for data of a GPU, on a duplicate of the team's communicator.
#pragma once

#include "harness/comm/mpi_launch.hpp"

namespace assay::comm::mpi {

/// How MPI gets at the data.
enum class GpuPath {
  staged,   ///< copied to the host and back by us
  pointers  ///< as it likes: it takes pointers to memory of GPUs
};

class MpiGpuCommunicator final : public Communicator {
 public:
  /// `gpu` outlives it.
  MpiGpuCommunicator(Comm comm, device::Device& gpu, GpuPath path);
  int rank() const override { return on_host_.rank; }
  int size() const override { return on_host_.size; }
  bool accepts(device::MemoryKind memory) const override {
    return memory == device::MemoryKind::device;
  }
  /// Staged on either path where the reduction is ours, which MPI would hand memory of who knows
  /// where.
  std::unique_ptr<Launch> native(const CollectiveCall& call) override;
  std::unique_ptr<Transfers> transfers(std::vector<Transfer> transfers) override;

 private:
  Comm comm_;
  device::Device& gpu_;
  std::unique_ptr<device::Device> host_ = device::make_host_device();
  GpuPath path_;
  CommView on_host_, on_gpu_;
};

}  // namespace assay::comm::mpi

// Communicator over MPI, on a duplicate of the team's communicator.
#pragma once

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_launch.hpp"

namespace assay::comm::mpi {

class MpiCommunicator final : public Communicator {
 public:
  /// For data in memory of the host: `device`, which outlives it.
  MpiCommunicator(Comm comm, device::Device& device);
  int rank() const override { return view_.rank; }
  int size() const override { return view_.size; }
  bool accepts(device::MemoryKind memory) const override {
    return memory == device::MemoryKind::host;
  }
  std::unique_ptr<Launch> native(const CollectiveCall& call) override;
  std::unique_ptr<Nonblocking> nonblocking(const CollectiveCall& call) override;
  std::unique_ptr<Transfers> transfers(std::vector<Transfer> transfers) override;
  std::unique_ptr<Setup> making(Making making) override;

 private:
  Comm comm_;
  CommView view_;
};

}  // namespace assay::comm::mpi

// Communicator over MPI, on a duplicate of the team's communicator.
#pragma once

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_handles.hpp"

namespace assay::comm::mpi {

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(Comm comm);
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool accepts(device::MemoryKind memory) const override {
    return memory == device::MemoryKind::host;
  }
  std::unique_ptr<Launch> native(const CollectiveCall& call) override;
  std::unique_ptr<Nonblocking> nonblocking(const CollectiveCall& call) override;
  std::unique_ptr<Transfers> transfers(std::vector<Transfer> transfers) override;

 private:
  Comm comm_;
  int rank_ = 0, size_ = 1;
};

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_communicator.hpp"

#include "harness/comm/mpi_setup.hpp"
#include "harness/comm/mpi_transfers.hpp"

namespace assay::comm::mpi {

MpiCommunicator::MpiCommunicator(Comm comm, device::Device& device)
    : comm_(std::move(comm)), view_(view_of(comm_, device)) {}

std::unique_ptr<Launch> MpiCommunicator::native(const CollectiveCall& call) {
  return make_launch(view_, call);
}

std::unique_ptr<Nonblocking> MpiCommunicator::nonblocking(const CollectiveCall& call) {
  auto launch = make_launch(view_, call);
  const bool whole = launch != nullptr && launch->info().path == "native";
  return whole ? std::move(launch) : nullptr;
}

std::unique_ptr<Transfers> MpiCommunicator::transfers(std::vector<Transfer> transfers) {
  return std::make_unique<MpiTransfers>(comm_.get(), std::move(transfers));
}

std::unique_ptr<Setup> MpiCommunicator::making(Making making) {
  return make_setup(view_, making);
}

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_communicator.hpp"

#include "harness/comm/mpi_launch.hpp"
#include "harness/comm/mpi_transfers.hpp"

namespace assay::comm::mpi {

MpiCommunicator::MpiCommunicator(Comm comm) : comm_(std::move(comm)) {
  check(MPI_Comm_rank(comm_.get(), &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_.get(), &size_), "MPI_Comm_size");
}

namespace {

std::unique_ptr<MpiLaunch> make(const CommView& view, const CollectiveCall& call) {
  auto launch = make_reduction(view, call);
  return launch != nullptr ? std::move(launch) : make_movement(view, call);
}

}  // namespace

std::unique_ptr<Launch> MpiCommunicator::native(const CollectiveCall& call) {
  return make({comm_.get(), rank_, size_}, call);
}

std::unique_ptr<Nonblocking> MpiCommunicator::nonblocking(const CollectiveCall& call) {
  auto launch = make({comm_.get(), rank_, size_}, call);
  const bool whole = launch != nullptr && launch->info().path == "native";
  return whole ? std::move(launch) : nullptr;
}

std::unique_ptr<Transfers> MpiCommunicator::transfers(std::vector<Transfer> transfers) {
  return std::make_unique<MpiTransfers>(comm_.get(), std::move(transfers));
}

}  // namespace assay::comm::mpi

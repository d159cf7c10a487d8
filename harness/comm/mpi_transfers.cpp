#include "harness/comm/mpi_transfers.hpp"

namespace assay::comm::mpi {

namespace {

/// One for all: messages match in the order in which they are started.
constexpr int tag = 0;

}  // namespace

MpiTransfers::MpiTransfers(MPI_Comm comm, const std::vector<Transfer>& transfers) : comm_(comm) {
  messages_.reserve(transfers.size());
  for (const auto& transfer : transfers)
    messages_.push_back({transfer.way, transfer.peer, Block(DataType::uint8, transfer.bytes)});
}

void MpiTransfers::start(std::size_t index, std::byte* data) noexcept {
  auto& [way, peer, block, request] = messages_[index];
  if (way == Transfer::Way::send)
    failure_.note(MPI_Isend(data, block.count(), block.type(), peer, tag, comm_, &request),
                  "MPI_Isend");
  else
    failure_.note(MPI_Irecv(data, block.count(), block.type(), peer, tag, comm_, &request),
                  "MPI_Irecv");
}

void MpiTransfers::finish(std::size_t index) noexcept {
  failure_.note(MPI_Wait(&messages_[index].request, MPI_STATUS_IGNORE), "MPI_Wait");
}

bool MpiTransfers::test(std::size_t index) noexcept {
  int done = 0;
  failure_.note(MPI_Test(&messages_[index].request, &done, MPI_STATUS_IGNORE), "MPI_Test");
  return done != 0;
}

void MpiTransfers::carry_out(std::size_t index, std::byte* data) noexcept {
  const auto& [way, peer, block, request] = messages_[index];
  if (way == Transfer::Way::send)
    failure_.note(MPI_Send(data, block.count(), block.type(), peer, tag, comm_), "MPI_Send");
  else
    failure_.note(MPI_Recv(data, block.count(), block.type(), peer, tag, comm_, MPI_STATUS_IGNORE),
                  "MPI_Recv");
}

}  // namespace assay::comm::mpi

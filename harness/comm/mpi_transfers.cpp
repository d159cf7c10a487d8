#include "harness/comm/mpi_transfers.hpp"

#include <limits>

#include "harness/comm/mpi_wide_type.hpp"

namespace assay::comm::mpi {

namespace {

/// One for all: messages match in the order in which they are started.
constexpr int tag = 0;

}  // namespace

MpiTransfers::MpiTransfers(MPI_Comm comm, const std::vector<Transfer>& transfers) : comm_(comm) {
  messages_.reserve(transfers.size());
  for (const auto& transfer : transfers) {
    auto& message = messages_.emplace_back();
    message.way = transfer.way;
    message.peer = transfer.peer;
    if (transfer.bytes <= std::numeric_limits<int>::max()) {
      message.count = static_cast<int>(transfer.bytes);
    } else {
      message.wide = wide_type(MPI_BYTE, transfer.bytes);
      message.type = message.wide.get();
      message.count = 1;
    }
  }
}

void MpiTransfers::start(std::size_t index, std::byte* data) noexcept {
  auto& [way, peer, count, type, wide, request] = messages_[index];
  if (way == Transfer::Way::send)
    note(MPI_Isend(data, count, type, peer, tag, comm_, &request), "MPI_Isend");
  else
    note(MPI_Irecv(data, count, type, peer, tag, comm_, &request), "MPI_Irecv");
}

void MpiTransfers::finish(std::size_t index) noexcept {
  note(MPI_Wait(&messages_[index].request, MPI_STATUS_IGNORE), "MPI_Wait");
}

void MpiTransfers::check() const { mpi::check(code_, call_); }

void MpiTransfers::note(int code, const char* call) noexcept {
  if (code == MPI_SUCCESS || code_ != MPI_SUCCESS) return;
  code_ = code;
  call_ = call;
}

}  // namespace assay::comm::mpi

// Transfers as nonblocking MPI messages. Not persistent requests: buffers differ between launches.
#pragma once

#include <vector>

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_handles.hpp"

namespace assay::comm::mpi {

class MpiTransfers final : public Transfers {
 public:
  /// Local. `comm` outlives it.
  MpiTransfers(MPI_Comm comm, const std::vector<Transfer>& transfers);
  void start(std::size_t index, std::byte* data) noexcept override;
  void finish(std::size_t index) noexcept override;
  void check() const override;

 private:
  struct Message {
    Transfer::Way way = Transfer::Way::send;
    int peer = 0;
    int count = 0;
    MPI_Datatype type = MPI_BYTE;
    Datatype wide;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  void note(int code, const char* call) noexcept;

  MPI_Comm comm_;
  std::vector<Message> messages_;
  int code_ = MPI_SUCCESS;  ///< of the first call that failed
  const char* call_ = "";
};

}  // namespace assay::comm::mpi

// Transfers as nonblocking MPI messages. Not persistent requests: buffers differ between launches.
#pragma once

#include <vector>

#include "harness/comm/communicator.hpp"
#include "harness/comm/mpi_handles.hpp"
#include "harness/comm/mpi_types.hpp"

namespace assay::comm::mpi {

class MpiTransfers final : public Transfers {
 public:
  /// Local. `comm` outlives it.
  MpiTransfers(MPI_Comm comm, const std::vector<Transfer>& transfers);
  void start(std::size_t index, std::byte* data) noexcept override;
  void finish(std::size_t index) noexcept override;
  bool test(std::size_t index) noexcept override;
  void carry_out(std::size_t index, std::byte* data) noexcept override;
  void check() const override { failure_.check(); }

 private:
  struct Message {
    Transfer::Way way;
    int peer;
    Block block;
    MPI_Request request = MPI_REQUEST_NULL;
  };

  MPI_Comm comm_;
  std::vector<Message> messages_;
  FirstFailure failure_;
};

}  // namespace assay::comm::mpi

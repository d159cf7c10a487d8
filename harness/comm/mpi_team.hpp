// Team over MPI, on a communicator of its own.
#pragma once

#include "harness/comm/mpi_handles.hpp"
#include "harness/comm/team.hpp"

namespace assay::comm::mpi {

class MpiTeam final : public Team {
 public:
  explicit MpiTeam(Comm comm);
  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override;
  void broadcast(std::span<std::byte> bytes, int root) override;
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte> bytes, int root) override;
  void max(std::span<double> values) override;
  void send(std::span<const std::byte> bytes, int to) override;
  void receive(std::span<std::byte> bytes, int from) override;
  std::unique_ptr<Team> split(int color, int key) override;
  MPI_Comm comm() const { return comm_.get(); }

 private:
  Comm comm_;
  int rank_ = 0, size_ = 1;
};

}  // namespace assay::comm::mpi

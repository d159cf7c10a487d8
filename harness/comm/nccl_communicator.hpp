// Communicator over NCCL, and NCCL's row of the table in backend.hpp.
#pragma once

#include "harness/comm/backend.hpp"
#include "harness/comm/nccl_launch.hpp"
#include "harness/comm/nccl_profiler.hpp"

namespace assay::comm::nccl {

class NcclCommunicator final : public Communicator {
 public:
  explicit NcclCommunicator(CommView view) : view_(std::move(view)) {}
  int rank() const override { return view_.rank; }
  int size() const override { return view_.size; }
  bool accepts(device::MemoryKind memory) const override {
    return memory == device::MemoryKind::device;
  }
  bool done_on_return() const override { return false; }
  bool waits_for_all_begun() const override { return true; }
  std::unique_ptr<Launch> native(const CollectiveCall& call) override;
  std::unique_ptr<Nonblocking> nonblocking(const CollectiveCall& call) override;
  std::unique_ptr<Transfers> transfers(std::vector<Transfer> transfers) override;
  device::Buffer allocate(BufferKind kind, std::size_t bytes) override;
  bool tells_choices() const override { return true; }
  void watch_choices() override { nccl::watch_choices(); }
  std::map<std::string, std::string> choices(Team& team, BufferKind buffers) override {
    return nccl::choices(team, buffers);
  }
  std::unique_ptr<Setup> making(Making making) override;
  std::unique_ptr<Setup> registering(BufferKind kind, std::size_t bytes) override;

 private:
  CommView view_;
};

Backend backend();

}  // namespace assay::comm::nccl

// Transfers as groups of NCCL's sends and receives: those that have been started go together once
// one of them is waited for, and the stream does the waiting.
#pragma once

#include <vector>

#include "harness/comm/nccl_launch.hpp"

namespace assay::comm::nccl {

class NcclTransfers final : public Transfers {
 public:
  /// Local. `view` outlives it.
  NcclTransfers(const CommView& view, std::vector<Transfer> transfers);
  void start(std::size_t index, std::byte* data) noexcept override;
  void finish(std::size_t index) noexcept override;
  void carry_out(std::size_t index, std::byte* data) noexcept override;
  void check() const override { view_.check(failure_); }

 private:
  struct Started {
    std::size_t index = 0;
    std::byte* data = nullptr;
  };
  void enqueue(const Started& started) noexcept;

  const CommView& view_;
  std::vector<Transfer> transfers_;
  /// A message without elements is one of a byte, so that it is waited for: one to send, one to
  /// receive.
  device::Buffer signal_;
  std::vector<Started> started_;
  NcclFailure failure_;
};

}  // namespace assay::comm::nccl

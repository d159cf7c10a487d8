#include "harness/comm/mpi_gpu_communicator.hpp"

#include "harness/comm/mpi_transfers.hpp"
#include "harness/comm/mpi_types.hpp"
#include "harness/comm/staged.hpp"

namespace assay::comm::mpi {
MpiGpuCommunicator::MpiGpuCommunicator(Comm comm, device::Device& gpu, GpuPath path)
    : comm_(std::move(comm)),
      gpu_(gpu),
      path_(path),
      on_host_(view_of(comm_, *host_)),
      on_gpu_(view_of(comm_, gpu)) {}

std::unique_ptr<Launch> MpiGpuCommunicator::native(const CollectiveCall& call) {
  const bool stages =
      path_ == GpuPath::staged || (reduces(call.collective) && !has_mpi_arithmetic(call.type));
  auto launch = make_launch(stages ? on_host_ : on_gpu_, call);
  if (launch == nullptr) return nullptr;
  return stages ? staged(std::move(launch), call, {rank(), size()}, gpu_)
                : in_order(std::move(launch), gpu_);
}

std::unique_ptr<Transfers> MpiGpuCommunicator::transfers(std::vector<Transfer> transfers) {
  auto messages = std::make_unique<MpiTransfers>(comm_.get(), transfers);
  return path_ == GpuPath::staged ? staged(std::move(messages), transfers, gpu_)
                                  : in_order(std::move(messages), gpu_);
}

}  // namespace assay::comm::mpi

#include "harness/device/cuda_device.hpp"
#include "tests/mpi/place.hpp"
#include "tests/mpi/session.hpp"

namespace assay {
namespace {

using device::cuda::CudaDevice;

void move(device::Device& device, void* to, const void* from, std::size_t bytes) {
  auto& gpu = dynamic_cast<CudaDevice&>(device);
  const auto stream = gpu.queue().stream;
  device::cuda::check(gpu.gpu(), cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream),
                      "cudaMemcpyAsync");
  device::cuda::check(gpu.gpu(), cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

}  // namespace

/// Ranks of one host, as these tests have them; on a real one they may have to share.
std::unique_ptr<device::Device> make_device() {
  const int rank = session->world().rank();
  auto visible = device::cuda::visible_gpus(rank);
  return std::make_unique<CudaDevice>(
      visible.gpus.at(static_cast<std::size_t>(rank) % visible.gpus.size()));
}

std::vector<comm::Backend> tested_backends() { return backends_for(device::MemoryKind::device); }

/// More than the double of NCCL holds on the way.
std::vector<std::int64_t> tested_counts() { return {0, 1, 1023, 20'011}; }

void read(device::Device& device, const std::byte* from, std::span<std::byte> to) {
  move(device, to.data(), from, to.size());
}
void write(device::Device& device, std::span<const std::byte> from, std::byte* to) {
  move(device, to, from.data(), from.size());
}

}  // namespace assay

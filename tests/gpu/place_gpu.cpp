#include <cstdlib>
#include <string>

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

std::string tested_backend() {
  const char* name = std::getenv("ASSAY_TESTED_BACKEND");
  return name == nullptr || *name == '\0' ? "nccl" : name;
}

}  // namespace

/// Ranks of one host, as these tests have them; on a real one they may have to share.
std::unique_ptr<device::Device> make_device() {
  const int rank = session->world().rank();
  auto visible = device::cuda::visible_gpus(rank);
  return std::make_unique<CudaDevice>(
      visible.gpus.at(static_cast<std::size_t>(rank) % visible.gpus.size()));
}

/// One at a time, since they are tested on different numbers of ranks.
std::vector<comm::Backend> tested_backends() {
  auto rows = backends_for(device::MemoryKind::device);
  std::erase_if(rows, [](const auto& row) { return row.name != tested_backend(); });
  return rows;
}

/// More than the double of NCCL holds on the way. What MPI does itself is tested on the host.
std::vector<std::int64_t> tested_counts() {
  if (tested_backend() != "nccl") return {0, 1023};
  return {0, 1, 1023, 20'011};
}

void read(device::Device& device, const std::byte* from, std::span<std::byte> to) {
  move(device, to.data(), from, to.size());
}
void write(device::Device& device, std::span<const std::byte> from, std::byte* to) {
  move(device, to, from.data(), from.size());
}

}  // namespace assay

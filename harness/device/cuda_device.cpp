#include "harness/device/cuda_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/core/error.hpp"

namespace assay::device::cuda {
namespace {

/// As CUDA's tools write it: "GPU-1f2e3d4c-…".
std::string uuid_text(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

Gpu gpu_at(int rank, int index) {
  Gpu gpu{.rank = rank, .index = index, .name = "unknown", .bus_id = "?"};
  cudaDeviceProp properties{};
  check(gpu, cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  std::array<char, 32> bus_id{};
  check(gpu, cudaDeviceGetPCIBusId(bus_id.data(), static_cast<int>(bus_id.size()), index),
        "cudaDeviceGetPCIBusId");
  gpu.uuid = uuid_text(properties.uuid);
  gpu.name = properties.name;
  gpu.bus_id = bus_id.data();
  gpu.multiprocessors = properties.multiProcessorCount;
  gpu.memory_bytes = properties.totalGlobalMem;
  gpu.cache_bytes = static_cast<std::uint64_t>(std::max(properties.l2CacheSize, 0));
  return gpu;
}

/// Errors of freeing are those of earlier work, which check() tells.
void free_memory(void* base, std::size_t) noexcept { cudaFree(base); }

}  // namespace

VisibleGpus visible_gpus(int rank) {
  VisibleGpus visible;
  int count = 0;
  const cudaError_t code = cudaGetDeviceCount(&count);
  if (code != cudaSuccess || count == 0) {
    visible.none_because = cudaGetErrorString(code == cudaSuccess ? cudaErrorNoDevice : code);
    cudaGetLastError();  // said, and of no concern to the next call
    return visible;
  }
  for (int index = 0; index < count; ++index) visible.gpus.push_back(gpu_at(rank, index));
  return visible;
}

CudaDevice::CudaDevice(Gpu gpu) : gpu_(std::move(gpu)) {
  cuda::check(gpu_, cudaSetDevice(gpu_.index), "cudaSetDevice");
  lanes_ = std::make_unique<Lanes>(gpu_);
  findings_ = allocate(sizeof(kernels::Findings));
}

void CudaDevice::finish(cudaError_t enqueued, const char* call, std::source_location at) {
  failure_.note(enqueued, call);
  failure_.note(cudaStreamSynchronize(queue().stream), call);
  cuda::check(gpu_, failure_.code(), failure_.call(), at);
}

void CudaDevice::wait() noexcept { failure_.note(lanes_->wait_for_all(), "cudaStreamSynchronize"); }

std::unique_ptr<Streams> CudaDevice::streams(std::size_t streams, std::size_t events) {
  return std::make_unique<CudaStreams>(gpu_, *lanes_,
                                       CudaStreams::Numbers{.streams = streams, .events = events});
}

Stopwatch* CudaDevice::stopwatch() {
  if (stopwatch_ == nullptr)
    stopwatch_ = std::make_unique<CudaStopwatch>(gpu_, lanes_->own().queue);
  return stopwatch_.get();
}

HostLink* CudaDevice::host_link() {
  if (host_link_ == nullptr) host_link_ = std::make_unique<CudaHostLink>(gpu_, *lanes_);
  return host_link_.get();
}

void CudaDevice::check() const { cuda::check(gpu_, failure_.code(), failure_.call()); }

Buffer CudaDevice::allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 1);
  void* base = nullptr;
  const cudaError_t code = cudaMalloc(&base, bytes);
  if (code == cudaErrorMemoryAllocation) {
    std::size_t free = 0, total = 0;
    cudaGetLastError();  // a refusal, which breaks nothing
    cuda::check(gpu_, cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    throw RunError(
        {gpu_.where(),
         fmt::format("cannot allocate {} bytes: {} of {} are free", bytes, free, total),
         "use smaller messages, or see with nvidia-smi who else has memory of this GPU"});
  }
  cuda::check(gpu_, code, "cudaMalloc");
  Buffer buffer(base, bytes, free_memory);
  finish(cudaMemsetAsync(base, 0, bytes, queue().stream), "cudaMemsetAsync");
  return buffer;
}

void CudaDevice::fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) {
  finish(kernels::cuda::fill(queue(), out, pattern, slice), "fill");
}

kernels::Mismatch CudaDevice::verify(const std::byte* data, const kernels::Pattern& pattern,
                                     kernels::Slice slice) {
  auto* findings = reinterpret_cast<kernels::Findings*>(findings_.data());
  kernels::Findings found;
  failure_.note(cudaMemsetAsync(findings, 0, sizeof found, queue().stream), "cudaMemsetAsync");
  failure_.note(kernels::cuda::verify(queue(), data, pattern, slice, findings), "verify");
  finish(cudaMemcpyAsync(&found, findings, sizeof found, cudaMemcpyDeviceToHost, queue().stream),
         "cudaMemcpyAsync");
  return found.mismatch(slice.count);
}

void CudaDevice::poison(std::byte* out, std::size_t bytes) {
  finish(cudaMemsetAsync(out, poison_byte, bytes, queue().stream), "cudaMemsetAsync");
}

void CudaDevice::copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
  failure_.note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, queue().stream),
                "cudaMemcpyAsync");
}

void CudaDevice::reduce(std::byte* acc, const std::byte* in, std::size_t count,
                        Reduction reduction) noexcept {
  failure_.note(kernels::cuda::reduce(queue(), acc, in, count, reduction.type, reduction.op),
                "reduce");
}

void CudaDevice::divide(std::byte* data, std::size_t count, DataType type, int divisor) noexcept {
  failure_.note(kernels::cuda::divide(queue(), data, count, type, divisor), "divide");
}

void CudaDevice::copy_doubles(double* b, const double* a, std::size_t count) noexcept {
  failure_.note(kernels::cuda::copy(queue(), b, a, count), "copy");
}

void CudaDevice::triad(double* a, const double* b, const double* c, double s,
                       std::size_t count) noexcept {
  failure_.note(kernels::cuda::triad(queue(), a, b, c, s, count), "triad");
}

void CudaDevice::write(double* a, double value, std::size_t count) noexcept {
  failure_.note(kernels::cuda::write(queue(), a, value, count), "write");
}

void CudaDevice::fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept {
  failure_.note(kernels::cuda::fold(queue(), reinterpret_cast<std::uint64_t*>(bits), a, count),
                "fold");
}

void CudaDevice::softmax(std::byte* data, const kernels::Rows& rows, DataType type) noexcept {
  failure_.note(kernels::cuda::softmax(queue(), data, rows, type), "softmax");
}

void CudaDevice::softmax_gradient(const std::byte* data, std::byte* gradient,
                                  const kernels::Rows& rows, DataType type) noexcept {
  failure_.note(kernels::cuda::softmax_gradient(queue(), data, gradient, rows, type),
                "softmax_gradient");
}

void CudaDevice::do_nothing() noexcept {
  failure_.note(kernels::cuda::launch_nothing(queue()), "launch_nothing");
}

void CudaDevice::put(std::byte* to, std::span<const std::byte> from) {
  finish(cudaMemcpyAsync(to, from.data(), from.size(), cudaMemcpyHostToDevice, queue().stream),
         "cudaMemcpyAsync");
}

void CudaDevice::get(std::span<std::byte> to, const std::byte* from) {
  finish(cudaMemcpyAsync(to.data(), from, to.size(), cudaMemcpyDeviceToHost, queue().stream),
         "cudaMemcpyAsync");
}

std::unique_ptr<Gemm> CudaDevice::gemm(const GemmCall& call) {
  if (gemms_ == nullptr) gemms_ = std::make_unique<CudaGemms>(gpu_, *lanes_);
  auto& workspace = lanes_->used().workspace;
  if (workspace.size() == 0) workspace = allocate(CudaGemms::workspace_bytes);
  return gemms_->make(call);
}

}  // namespace assay::device::cuda

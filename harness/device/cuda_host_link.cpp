#include "harness/device/cuda_host_link.hpp"

#include <algorithm>
#include <cstring>

namespace assay::device::cuda {
namespace {

void free_pinned(void* base, std::size_t) noexcept { cudaFreeHost(base); }

}  // namespace

CudaHostLink::CudaHostLink(const Gpu& gpu, const Lanes& lanes)
    : gpu_(gpu),
      lanes_(lanes),
      second_(make_stream(gpu)),
      forked_(make_event(gpu)),
      joined_(make_event(gpu)) {}

Buffer CudaHostLink::allocate(std::size_t bytes) {
  bytes = std::max<std::size_t>(bytes, 1);
  void* base = nullptr;
  cuda::check(gpu_, cudaHostAlloc(&base, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  Buffer buffer(base, bytes, free_pinned);
  std::memset(base, 0, bytes);
  return buffer;
}

void CudaHostLink::copy(void* to, const void* from, std::size_t bytes,
                        cudaStream_t stream) noexcept {
  failure_.note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync");
}

void CudaHostLink::to_device(LinkEnds ends, std::size_t bytes) noexcept {
  copy(ends.device, ends.host, bytes, stream());
}

void CudaHostLink::to_host(LinkEnds ends, std::size_t bytes) noexcept {
  copy(ends.host, ends.device, bytes, stream());
}

void CudaHostLink::both_ways(LinkEnds in, LinkEnds out, std::size_t bytes) noexcept {
  failure_.note(cudaEventRecord(forked_.get(), stream()), "cudaEventRecord");
  failure_.note(cudaStreamWaitEvent(second_.get(), forked_.get(), 0), "cudaStreamWaitEvent");
  copy(in.device, in.host, bytes, stream());
  copy(out.host, out.device, bytes, second_.get());
  failure_.note(cudaEventRecord(joined_.get(), second_.get()), "cudaEventRecord");
  failure_.note(cudaStreamWaitEvent(stream(), joined_.get(), 0), "cudaStreamWaitEvent");
}

void CudaHostLink::check() const { cuda::check(gpu_, failure_.code(), failure_.call()); }

}  // namespace assay::device::cuda

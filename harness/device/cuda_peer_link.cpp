#include "harness/device/cuda_peer_link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "harness/core/error.hpp"

namespace assay::device::cuda {
namespace {

static_assert(sizeof(cudaIpcMemHandle_t) == sizeof(PeerTicket::handle));

[[noreturn]] void refuse(const Gpu& gpu, std::string what) {
  throw UnsupportedError({gpu.where(), std::move(what),
                          "see with nvidia-smi topo -p2p rw which GPUs reach each other; in "
                          "containers, processes must share the host's IPC namespace"});
}

/// A refusal, which breaks nothing: the next call must not be told of it.
std::string refused(cudaError_t code) {
  cudaGetLastError();
  return fmt::format("\"{}\" ({})", cudaGetErrorString(code), cudaGetErrorName(code));
}

/// The memory is the other process's, which frees it.
void close_memory(void* base, std::size_t) noexcept { cudaIpcCloseMemHandle(base); }

}  // namespace

PeerTicket CudaPeerLink::share(const Buffer& memory) {
  cudaIpcMemHandle_t handle{};
  const auto code = cudaIpcGetMemHandle(&handle, memory.data());
  if (code != cudaSuccess)
    refuse(gpu_, "cannot share its memory with another process: " + refused(code));
  PeerTicket ticket;
  std::memcpy(ticket.handle.data(), &handle, sizeof handle);
  gpu_.bus_id.copy(ticket.bus_id.data(), ticket.bus_id.size() - 1);
  return ticket;
}

Buffer CudaPeerLink::open(const PeerTicket& ticket, std::size_t bytes) {
  const char* bus_id = ticket.bus_id.data();
  int peer = gpu_.index;
  // Where each process sees its own GPU only, the other one has no number to ask about: opening its
  // memory will tell.
  if (const auto code = cudaDeviceGetByPCIBusId(&peer, bus_id); code != cudaSuccess) {
    refused(code);
    peer = gpu_.index;
  }
  int can = 1;
  if (peer != gpu_.index)
    check(gpu_, cudaDeviceCanAccessPeer(&can, gpu_.index, peer), "cudaDeviceCanAccessPeer");
  if (can == 0) refuse(gpu_, fmt::format("has no peer access to the GPU at {}", bus_id));
  cudaIpcMemHandle_t handle{};
  std::memcpy(&handle, ticket.handle.data(), sizeof handle);
  void* base = nullptr;
  const auto code = cudaIpcOpenMemHandle(&base, handle, cudaIpcMemLazyEnablePeerAccess);
  if (code != cudaSuccess)
    refuse(gpu_, fmt::format("cannot open memory of the GPU at {}: {}", bus_id, refused(code)));
  return {base, bytes, close_memory};
}

}  // namespace assay::device::cuda

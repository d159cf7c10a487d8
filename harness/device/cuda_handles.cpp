#include "harness/device/cuda_handles.hpp"

#include <fmt/format.h>

#include <cstring>

#include "harness/core/error.hpp"

namespace assay::device::cuda {
namespace {

const char* remedy_of(cudaError_t code) {
  return code == cudaErrorMemoryAllocation
             ? "see with nvidia-smi who else has memory of this GPU"
             : "look for Xid lines in the kernel log of this rank's host, and at nvidia-smi -q";
}

}  // namespace

void check(const Gpu& gpu, cudaError_t code, const char* call, std::source_location at) {
  if (code == cudaSuccess) return;
  throw RunError(
      {gpu.where(),
       fmt::format("{}, or work before it, failed with \"{}\" ({}, {}:{})", call,
                   cudaGetErrorString(code), cudaGetErrorName(code), at.file_name(), at.line()),
       remedy_of(code)});
}

Stream make_stream(const Gpu& gpu) {
  cudaStream_t stream = nullptr;
  check(gpu, cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking),
        "cudaStreamCreateWithFlags");
  return Stream(stream);
}

namespace {

Event event_of(const Gpu& gpu, unsigned flags) {
  cudaEvent_t event = nullptr;
  check(gpu, cudaEventCreateWithFlags(&event, flags), "cudaEventCreateWithFlags");
  return Event(event);
}

}  // namespace

Event make_event(const Gpu& gpu) { return event_of(gpu, cudaEventDefault); }
Event make_place(const Gpu& gpu) { return event_of(gpu, cudaEventDisableTiming); }

double seconds_between(const Gpu& gpu, const Event& start, const Event& stop) {
  float milliseconds = 0;
  check(gpu, cudaEventElapsedTime(&milliseconds, start.get(), stop.get()), "cudaEventElapsedTime");
  return 1e-3 * static_cast<double>(milliseconds);
}

void begin_capture(const Gpu& gpu, cudaStream_t stream) {
  check(gpu, cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal),
        "cudaStreamBeginCapture");
}

GraphExec end_capture(const Gpu& gpu, cudaStream_t stream) {
  cudaGraph_t recorded = nullptr;
  check(gpu, cudaStreamEndCapture(stream, &recorded), "cudaStreamEndCapture");
  const Graph graph(recorded);
  cudaGraphExec_t executable = nullptr;
  check(gpu, cudaGraphInstantiateWithFlags(&executable, graph.get(), 0),
        "cudaGraphInstantiateWithFlags");
  return GraphExec(executable);
}

HostMemory make_host_memory(const Gpu& gpu, std::size_t bytes) {
  void* base = nullptr;
  check(gpu, cudaHostAlloc(&base, bytes, cudaHostAllocDefault), "cudaHostAlloc");
  HostMemory memory(base);
  std::memset(base, 0, bytes);
  return memory;
}

}  // namespace assay::device::cuda

// The functions of the CUDA runtime that assay calls.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <utility>

#include "tests/fakes/cuda/state.hpp"
#include "tests/fakes/gpu_names.hpp"

using namespace assay::fakes::cuda;

namespace {

constexpr std::size_t page = 4096;

std::size_t in_use(const State& s, int gpu) {
  std::size_t sum = 0;
  for (const auto& [base, allocation] : s.allocations)
    if (allocation.gpu == gpu && !allocation.foreign) sum += allocation.bytes;
  return sum;
}

/// The memory of `made.file`, mapped twice: once out of reach.
Allocation map_twice(Allocation made, void** out_of_reach) {
  made.mapped = (made.bytes + page - 1) / page * page;
  if (made.file < 0) std::abort();
  *out_of_reach = mmap(nullptr, made.mapped, PROT_NONE, MAP_SHARED, made.file, 0);
  void* reachable = mmap(nullptr, made.mapped, PROT_READ | PROT_WRITE, MAP_SHARED, made.file, 0);
  if (*out_of_reach == MAP_FAILED || reachable == MAP_FAILED) std::abort();
  made.reachable = static_cast<std::byte*>(reachable);
  return made;
}

Allocation allocate(std::size_t bytes, void** out_of_reach) {
  Allocation made{.bytes = bytes, .gpu = current_gpu()};
  made.file = memfd_create("gpu", MFD_CLOEXEC);
  if (ftruncate(made.file, static_cast<off_t>((bytes + page - 1) / page * page)) != 0) std::abort();
  made = map_twice(made, out_of_reach);
  std::memset(made.reachable, 0x5a, made.mapped);  // somebody else's data
  return made;
}

/// Of this process's own memory, or of another's.
cudaError_t let_go(void* p, bool foreign) {
  wait_for_all();
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  const auto found = s.allocations.find(reinterpret_cast<std::uintptr_t>(p));
  if (p == nullptr) return cudaSuccess;
  if (found == s.allocations.end() || found->second.foreign != foreign)
    return told(cudaErrorInvalidValue);
  // Of what others have open, freeing is undefined: here it breaks the GPU.
  if (!foreign && flock(found->second.file, LOCK_EX | LOCK_NB) != 0)
    s.late = cudaErrorIllegalAddress;
  unmap(found->first, found->second);
  s.allocations.erase(found);
  return cudaSuccess;
}

/// What a cudaIpcMemHandle_t holds here: whose memory, and how much.
struct Shared {
  int process, file, gpu;
  std::size_t bytes;
};

/// A late error is told once somebody waits, and breaks everything from then on.
cudaError_t wait(const char* call, cudaStream_t stream) {
  const Entry entry = enter(call);
  if (stream != nullptr) stream->wait();
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.late != cudaSuccess) s.broken = s.late;
  return told(s.broken != cudaSuccess ? s.broken : entry.error);
}

/// Creates a handle by `make`, counted in `count`.
template <class T>
cudaError_t create(const char* call, T** handle, std::size_t Leaks::*count) {
  const Entry entry = enter(call);
  if (entry.error != cudaSuccess) return told(entry.error);
  *handle = new T;
  ++(state().made.*count);
  return cudaSuccess;
}
template <class T>
cudaError_t destroy(T* handle, std::size_t Leaks::*count) {
  delete handle;
  --(state().made.*count);
  return cudaSuccess;
}

const char* known_name(cudaError_t code) {
  switch (code) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    default:
      return "cudaErrorUnknown";
  }
}

}  // namespace

extern "C" {

const char* cudaGetErrorName(cudaError_t code) { return known_name(code); }
const char* cudaGetErrorString(cudaError_t code) {
  if (code == cudaErrorNoDevice) return "no CUDA-capable device is detected";
  if (code == cudaErrorIllegalAddress) return "an illegal memory access was encountered";
  if (code == cudaErrorMemoryAllocation) return "out of memory";
  return "a double's error";
}
cudaError_t cudaGetLastError() { return std::exchange(state().last, state().broken); }

cudaError_t cudaGetDeviceCount(int* count) {
  const Entry entry = enter("cudaGetDeviceCount");
  *count = state().gpus;
  if (entry.error != cudaSuccess) return told(entry.error);
  return told(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}
cudaError_t cudaSetDevice(int gpu) {
  const Entry entry = enter("cudaSetDevice");
  if (entry.error != cudaSuccess) return told(entry.error);
  if (gpu < 0 || gpu >= state().gpus) return told(cudaErrorInvalidDevice);
  current_gpu() = gpu;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int gpu) {
  if (gpu < 0 || gpu >= state().gpus) return told(cudaErrorInvalidDevice);
  *properties = {};
  std::strcpy(properties->name, "NVIDIA Double");
  const auto uuid = assay::fakes::gpu_uuid_bytes(gpu);
  std::memcpy(properties->uuid.bytes, uuid.data(), uuid.size());
  properties->multiProcessorCount = 3;
  properties->totalGlobalMem = state().memory;
  properties->l2CacheSize = 1 << 16;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int gpu) {
  std::snprintf(text, static_cast<std::size_t>(length), "0000:%02X:00.0", 0x1b + gpu);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** out, std::size_t bytes) {
  const Entry entry = enter("cudaMalloc");
  if (entry.error != cudaSuccess) return told(entry.error);
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  if (in_use(s, current_gpu()) + bytes > s.memory) return told(cudaErrorMemoryAllocation);
  const auto made = allocate(bytes, out);
  s.allocations[reinterpret_cast<std::uintptr_t>(*out)] = made;
  return cudaSuccess;
}
cudaError_t cudaFree(void* p) { return let_go(p, false); }

cudaError_t cudaDeviceGetByPCIBusId(int* gpu, const char* text) {
  for (*gpu = 0; *gpu < state().gpus; ++*gpu) {
    char mine[32];
    cudaDeviceGetPCIBusId(mine, sizeof mine, *gpu);
    if (std::strcmp(mine, text) == 0) return cudaSuccess;
  }
  return told(cudaErrorInvalidDevice);
}
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  const Entry entry = enter("cudaDeviceCanAccessPeer");
  *can = entry.trouble.corrupt ? 0 : 1;
  return told(entry.error);
}
cudaError_t cudaIpcGetMemHandle(cudaIpcMemHandle_t* handle, void* p) {
  const Entry entry = enter("cudaIpcGetMemHandle");
  if (entry.error != cudaSuccess) return told(entry.error);
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  const auto found = s.allocations.find(reinterpret_cast<std::uintptr_t>(p));
  if (found == s.allocations.end() || found->second.foreign) return told(cudaErrorInvalidValue);
  const Shared shared{getpid(), found->second.file, found->second.gpu, found->second.bytes};
  std::memcpy(handle, &shared, sizeof shared);
  return cudaSuccess;
}
/// Not in the process that shared it, as with CUDA.
cudaError_t cudaIpcOpenMemHandle(void** out, cudaIpcMemHandle_t handle, unsigned) {
  const Entry entry = enter("cudaIpcOpenMemHandle");
  if (entry.error != cudaSuccess) return told(entry.error);
  Shared shared{};
  std::memcpy(&shared, &handle, sizeof shared);
  if (shared.process == getpid()) return told(cudaErrorInvalidValue);
  const auto path =
      "/proc/" + std::to_string(shared.process) + "/fd/" + std::to_string(shared.file);
  Allocation opened{.bytes = shared.bytes, .gpu = shared.gpu, .foreign = true};
  opened.file = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (opened.file < 0 || flock(opened.file, LOCK_SH) != 0)
    return told(cudaErrorMapBufferObjectFailed);
  opened = map_twice(opened, out);
  const std::lock_guard lock(state().mutex);
  state().allocations[reinterpret_cast<std::uintptr_t>(*out)] = opened;
  return cudaSuccess;
}
cudaError_t cudaIpcCloseMemHandle(void* p) { return let_go(p, true); }

cudaError_t cudaHostAlloc(void** out, std::size_t bytes, unsigned) {
  const Entry entry = enter("cudaHostAlloc");
  if (entry.error != cudaSuccess) return told(entry.error);
  *out = std::malloc(bytes);
  std::memset(*out, 0x5a, bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* p) {
  wait_for_all();
  std::free(p);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  *total = s.memory;
  *free = s.memory - in_use(s, current_gpu());
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* p, int byte, std::size_t bytes, cudaStream_t stream) {
  void* to = reach(p, bytes);
  if (to == nullptr) return told(cudaErrorInvalidValue);
  return enqueue(
      "cudaMemsetAsync", stream, [=] { std::memset(to, byte, bytes); }, to, bytes);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  void* target = reach(to, bytes);
  const void* source = reach(from, bytes);
  if (target == nullptr || source == nullptr) return told(cudaErrorInvalidValue);
  return enqueue(
      "cudaMemcpyAsync", stream, [=] { std::memmove(target, source, bytes); }, target, bytes);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const cudaError_t code = create("cudaStreamCreateWithFlags", stream, &Leaks::streams);
  const std::lock_guard lock(state().mutex);
  if (code == cudaSuccess) state().streams.insert(*stream);
  return code;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  {
    const std::lock_guard lock(state().mutex);
    state().streams.erase(stream);
  }
  return destroy(stream, &Leaks::streams);
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream != nullptr && stream->capture != nullptr)
    return told(cudaErrorStreamCaptureUnsupported);
  return wait("cudaStreamSynchronize", stream);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return create("cudaEventCreateWithFlags", event, &Leaks::events);
}
cudaError_t cudaEventDestroy(cudaEvent_t event) { return destroy(event, &Leaks::events); }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->capture = stream->capture;
  if (stream->capture != nullptr) {
    event->place = stream->capture->place(stream);
    return told(enter("cudaEventRecord").error);
  }
  event->happened = std::make_shared<std::atomic<bool>>(false);
  return enqueue("cudaEventRecord", stream, [at = event->at, happened = event->happened] {
    *at = std::chrono::steady_clock::now();
    happened->store(true);
  });
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  if (flags == cudaEventRecordDefault) return cudaEventRecord(event, stream);
  if (stream->capture == nullptr) return told(cudaErrorInvalidValue);
  event->capture = nullptr;
  return enqueue("cudaEventRecordWithFlags", stream,
                 [at = event->at] { *at = std::chrono::steady_clock::now(); });
}
cudaError_t cudaEventQuery(cudaEvent_t event) {
  const Entry entry = enter("cudaEventQuery");
  if (entry.error != cudaSuccess) return told(entry.error);
  if (event->capture != nullptr) return told(cudaErrorCapturedEvent);
  const bool happened = event->happened == nullptr || event->happened->load();
  return happened ? cudaSuccess : cudaErrorNotReady;  // which is no error
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->capture != nullptr) {
    if (event->capture->has_ended()) return told(cudaErrorCapturedEvent);
    if (stream->capture == nullptr) stream->capture = event->capture;
    stream->capture->wait(stream, event->place);
    return told(enter("cudaStreamWaitEvent").error);
  }
  if (stream->capture != nullptr) return told(cudaErrorStreamCaptureIsolation);
  return enqueue("cudaStreamWaitEvent", stream, [happened = event->happened] {
    while (happened != nullptr && !happened->load())
      std::this_thread::sleep_for(std::chrono::microseconds(20));
  });
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t stop) {
  for (const auto* event : {start, stop}) {
    if (event->capture != nullptr) return told(cudaErrorCapturedEvent);
    if (event->happened != nullptr && !event->happened->load()) return told(cudaErrorNotReady);
  }
  *milliseconds = std::chrono::duration<float, std::milli>(*stop->at - *start->at).count();
  return told(enter("cudaEventElapsedTime").error);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const Entry entry = enter("cudaStreamBeginCapture");
  if (entry.error == cudaSuccess) stream->capture = std::make_shared<Capture>(stream);
  return told(entry.error);
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  *status =
      stream->capture != nullptr ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return told(enter("cudaStreamIsCapturing").error);
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const auto capture = stream->capture;
  *graph = nullptr;
  if (capture == nullptr) return told(cudaErrorIllegalState);
  if (capture->origin() != stream) return told(cudaErrorStreamCaptureUnmatched);
  capture->end();
  for (auto* other : state().streams)
    if (other->capture == capture) other->capture = nullptr;
  if (!capture->is_joined()) return told(cudaErrorStreamCaptureUnjoined);
  const cudaError_t code = create("cudaStreamEndCapture", graph, &Leaks::graphs);
  if (code == cudaSuccess) (*graph)->graph = capture->graph();
  return code;
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* executable, cudaGraph_t graph,
                                          unsigned long long) {
  const cudaError_t code = create("cudaGraphInstantiateWithFlags", executable, &Leaks::graphs);
  if (code == cudaSuccess) (*executable)->graph = std::make_shared<const Graph>(graph->graph);
  return code;
}
cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) {
  return told(enter("cudaGraphUpload").error);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return enqueue("cudaGraphLaunch", stream, [graph = executable->graph] { graph->run(); });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) { return destroy(graph, &Leaks::graphs); }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return destroy(executable, &Leaks::graphs);
}

}  // extern "C"

#include "tests/fakes/cuda/state.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "tests/fakes/gpu_names.hpp"
#include "tests/fakes/text.hpp"

CUstream_st::CUstream_st() : thread_([this] { run(); }) {}

CUstream_st::~CUstream_st() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  filled_.notify_one();
  thread_.join();
}

void CUstream_st::give(Work work) {
  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    idle = queue_.empty();
    queue_.push_back(std::move(work));
  }
  if (idle) filled_.notify_one();  // else the thread looks by itself: waking it is what costs most
}

void CUstream_st::wait() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return queue_.empty(); });
}

void CUstream_st::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    filled_.wait(lock, [this] { return ended_ || !queue_.empty(); });
    if (queue_.empty()) return;
    lock.unlock();
    queue_.front()();  // others only add behind it
    lock.lock();
    queue_.pop_front();
    if (queue_.empty()) emptied_.notify_all();
  }
}

namespace assay::fakes::cuda {
namespace {

constexpr std::size_t default_memory = std::size_t{4} << 30;

bool read_more(Trouble& trouble, const Setting& setting) {
  const auto& [key, value] = setting;
  if (key == "gpu")
    trouble.gpu = std::stoi(value);
  else if (key == "least")
    trouble.least = std::stoul(value);
  else if (key == "error")
    trouble.error = static_cast<cudaError_t>(std::stoi(value));
  else if (key == "late")
    trouble.late = static_cast<cudaError_t>(std::stoi(value));
  else
    return false;
  return true;
}

void read_environment(State& state) {
  state.gpus = gpus_from_environment();
  state.memory = default_memory;
  state.troubles = troubles_from<Trouble>("ASSAY_FAKE_CUDA", read_more);
}

}  // namespace

State& state() {
  static State the_state;
  static const bool ready = (read_environment(the_state), true);
  (void)ready;
  return the_state;
}

int& current_gpu() {
  static thread_local int gpu = 0;
  return gpu;
}

void sleep_for(double seconds) {
  if (seconds > 0) std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

void wait_for_all() {
  std::set<cudaStream_t> streams;
  {
    const std::lock_guard lock(state().mutex);
    streams = state().streams;
  }
  for (auto* stream : streams) stream->wait();
}

Entry enter(const char* call, Delay delay, std::size_t bytes) {
  auto& s = state();
  Entry entry;
  {
    const std::lock_guard lock(s.mutex);
    entry.error = s.broken;
    if (s.broken != cudaSuccess) return entry;
    const int number = s.calls[call]++;
    for (const auto& trouble : s.troubles)
      if (trouble.call == call && number >= trouble.after && bytes >= trouble.least &&
          (trouble.gpu < 0 || trouble.gpu == current_gpu()))
        entry.trouble = trouble;
    entry.error = entry.trouble.error;
    if (entry.trouble.late != cudaSuccess) s.late = entry.trouble.late;
  }
  if (delay == Delay::now) sleep_for(entry.trouble.delay_s);
  return entry;
}

cudaError_t told(cudaError_t code) {
  if (code != cudaSuccess) state().last = code;
  return code;
}

void unmap(std::uintptr_t base, const Allocation& allocation) {
  munmap(reinterpret_cast<void*>(base), allocation.mapped);
  munmap(allocation.reachable, allocation.mapped);
  close(allocation.file);
}

void reset() {
  wait_for_all();
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  for (const auto& [base, allocation] : s.allocations) unmap(base, allocation);
  s.allocations.clear();
  s.troubles.clear();
  s.calls.clear();
  s.late = s.broken = s.last = cudaSuccess;
  s.made = {};
  s.streams.clear();
  read_environment(s);
  current_gpu() = 0;
}

void plan(const Trouble& trouble) {
  const std::lock_guard lock(state().mutex);
  auto planned = trouble;
  planned.after += state().calls[trouble.call];  // from now on
  state().troubles.push_back(planned);
}
void show_gpus(int count) { state().gpus = count; }
void give_memory(std::size_t bytes) { state().memory = bytes; }

Leaks leaks() {
  const std::lock_guard lock(state().mutex);
  Leaks left = state().made;
  left.allocations = state().allocations.size();
  return left;
}

void* reach(const void* p, std::size_t bytes) {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  const auto address = reinterpret_cast<std::uintptr_t>(p);
  auto next = s.allocations.upper_bound(address);
  if (next == s.allocations.begin()) return const_cast<void*>(p);
  const auto& [base, allocation] = *std::prev(next);
  if (address >= base + allocation.mapped) return const_cast<void*>(p);
  if (address - base + bytes > allocation.bytes) return nullptr;
  return allocation.reachable + (address - base);
}

cudaError_t enqueue(const char* call, cudaStream_t stream, std::function<void()> work,
                    void* written, std::size_t bytes) {
  const Entry entry = enter(call, Delay::later, bytes);
  if (entry.error != cudaSuccess) return told(entry.error);
  const bool corrupt = entry.trouble.corrupt && bytes > 0;
  const bool happens = entry.trouble.late == cudaSuccess;
  const double delay_s = entry.trouble.delay_s;
  auto all = [work = std::move(work), written, bytes, corrupt, happens, delay_s] {
    sleep_for(delay_s);
    if (happens) work();
    if (corrupt) static_cast<std::byte*>(written)[bytes / 2] ^= std::byte{4};
  };
  if (stream == nullptr)
    all();
  else if (stream->capture != nullptr)
    stream->capture->add(stream, all);
  else
    stream->give(all);
  return cudaSuccess;
}

}  // namespace assay::fakes::cuda

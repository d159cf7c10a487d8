#include "tests/fakes/cuda/state.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "tests/fakes/gpu_names.hpp"
#include "tests/fakes/text.hpp"

namespace assay::fakes::cuda {
namespace {

constexpr std::size_t default_memory = std::size_t{4} << 30;

Trouble parse_trouble(const std::string& text) {
  Trouble trouble;
  for (const auto& part : split(text, ':')) {
    const auto [key, value] = setting(part);
    if (trouble.call.empty())
      trouble.call = part;
    else if (key == "after")
      trouble.after = std::stoi(value);
    else if (key == "error")
      trouble.error = static_cast<cudaError_t>(std::stoi(value));
    else if (key == "late")
      trouble.late = static_cast<cudaError_t>(std::stoi(value));
    else if (key == "delay")
      trouble.delay_s = std::stod(value);
    else if (key == "corrupt")
      trouble.corrupt = true;
    else
      throw std::invalid_argument("ASSAY_FAKE_CUDA: '" + part + "' in '" + text + "'");
  }
  return trouble;
}

void read_environment(State& state) {
  state.gpus = gpus_from_environment();
  state.memory = default_memory;
  if (const char* text = std::getenv("ASSAY_FAKE_CUDA"))
    for (const auto& part : split(text, ',')) state.troubles.push_back(parse_trouble(part));
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

Entry enter(const char* call) {
  auto& s = state();
  Entry entry;
  {
    const std::lock_guard lock(s.mutex);
    entry.error = s.broken;
    if (s.broken != cudaSuccess) return entry;
    const int number = s.calls[call]++;
    for (const auto& trouble : s.troubles)
      if (trouble.call == call && number >= trouble.after) entry.trouble = trouble;
    entry.error = entry.trouble.error;
    if (entry.trouble.late != cudaSuccess) s.late = entry.trouble.late;
  }
  if (entry.trouble.delay_s > 0)
    std::this_thread::sleep_for(std::chrono::duration<double>(entry.trouble.delay_s));
  return entry;
}

cudaError_t told(cudaError_t code) {
  if (code != cudaSuccess) state().last = code;
  return code;
}

void reset() {
  auto& s = state();
  const std::lock_guard lock(s.mutex);
  for (const auto& [base, allocation] : s.allocations) {
    munmap(reinterpret_cast<void*>(base), allocation.mapped);
    munmap(allocation.reachable, allocation.mapped);
  }
  s.allocations.clear();
  s.troubles.clear();
  s.calls.clear();
  s.late = s.broken = s.last = cudaSuccess;
  s.made = {};
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
  const Entry entry = enter(call);
  if (entry.error != cudaSuccess) return told(entry.error);
  const bool corrupt = entry.trouble.corrupt && bytes > 0;
  const bool happens = entry.trouble.late == cudaSuccess;
  auto all = [work = std::move(work), written, bytes, corrupt, happens] {
    if (happens) work();
    if (corrupt) static_cast<std::byte*>(written)[bytes / 2] ^= std::byte{4};
  };
  if (stream != nullptr && stream->captured)
    stream->captured->push_back(all);
  else
    all();
  return cudaSuccess;
}

}  // namespace assay::fakes::cuda

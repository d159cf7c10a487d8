// What the double of the CUDA runtime remembers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/fakes/cuda/capture.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"

// The runtime's opaque types.
struct CUstream_st {
 public:
  CUstream_st();
  /// When all is done.
  ~CUstream_st();
  using Work = assay::fakes::cuda::Work;
  void give(Work work);
  void wait();

  /// While a graph is recorded that begins with this stream, or with one for whose event it was
  /// told to wait.
  std::shared_ptr<assay::fakes::cuda::Capture> capture;

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable filled_, emptied_;
  std::deque<Work> queue_;  ///< the first one is being done
  bool ended_ = false;
  std::thread thread_;
};
struct CUevent_st {
  using Moment = std::chrono::steady_clock::time_point;
  /// Of work too, that may still be under way when the event is gone.
  std::shared_ptr<Moment> at = std::make_shared<Moment>();
  std::shared_ptr<std::atomic<bool>> happened = {};  ///< what was recorded last
  /// Where it was recorded last, if that was in a capture.
  std::shared_ptr<assay::fakes::cuda::Capture> capture = {};
  assay::fakes::cuda::Capture::Place place = {};
};
struct CUgraph_st {
  assay::fakes::cuda::Graph graph;
};
struct CUgraphExec_st {
  std::shared_ptr<const assay::fakes::cuda::Graph> graph;
};

namespace assay::fakes::cuda {

/// The same pages twice: where the GPU has them, and where the double can touch them.
struct Allocation {
  std::size_t bytes = 0;   ///< as asked for
  std::size_t mapped = 0;  ///< whole pages
  std::byte* reachable = nullptr;
  int gpu = 0;
  int file = -1;         ///< what both are of; other processes open it, too
  bool foreign = false;  ///< of another process, which frees it
};

/// Both, and the file.
void unmap(std::uintptr_t base, const Allocation& allocation);

struct State {
  std::mutex mutex;
  int gpus = 0;
  std::size_t memory = 0;
  std::vector<Trouble> troubles;
  std::map<std::string, int> calls;
  cudaError_t late = cudaSuccess;    ///< happened, not yet told
  cudaError_t broken = cudaSuccess;  ///< told: every call fails from now on
  cudaError_t last = cudaSuccess;    ///< for cudaGetLastError
  std::map<std::uintptr_t, Allocation> allocations;
  Leaks made;  ///< but for allocations
  std::set<cudaStream_t> streams;
};
State& state();

/// This thread's GPU.
int& current_gpu();

/// What happens at a call: the trouble that strikes now, and whether the call may go on
/// (cudaSuccess) or what it returns.
struct Entry {
  cudaError_t error = cudaSuccess;
  Trouble trouble;
};
/// After its delay, unless the delay is that of what is enqueued.
enum class Delay { now, later };
Entry enter(const char* call, Delay delay = Delay::now, std::size_t bytes = 0);
void sleep_for(double seconds);

/// Until every stream has done what it was given.
void wait_for_all();

/// Remembers `code` for cudaGetLastError, and returns it.
cudaError_t told(cudaError_t code);

}  // namespace assay::fakes::cuda

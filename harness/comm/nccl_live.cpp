#include "harness/comm/nccl_live.hpp"

#include <unistd.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace assay::comm::nccl {
namespace {

struct Live {
  std::mutex mutex;
  std::set<ncclComm_t> comms;
};
Live& live() {
  static Live the_live;
  return the_live;
}
std::atomic<bool> aborting{false};

}  // namespace

void Passage::await_exit_if_aborted() noexcept {
  while (aborting.load(std::memory_order_acquire)) ::pause();
}

void note_live(ncclComm_t made) {
  const std::lock_guard lock(live().mutex);
  if (made != nullptr) live().comms.insert(made);
}

Comm own(ncclComm_t made) {
  Comm owner(made);
  note_live(made);
  return owner;
}

void abort_all() {
  std::set<ncclComm_t> comms;
  {
    const std::lock_guard lock(live().mutex);
    aborting.store(true, std::memory_order_release);
    comms.swap(live().comms);
  }
  // Each on a thread of its own: one that hangs keeps no other from being aborted.
  std::vector<std::jthread> threads;
  for (auto* comm : comms) threads.emplace_back([comm] { ncclCommAbort(comm); });
}

void end(ncclComm_t comm) noexcept {
  if (std::uncaught_exceptions() > 0) return;
  const auto ours = [comm] {
    const std::lock_guard lock(live().mutex);
    return live().comms.erase(comm) > 0 || !aborting.load(std::memory_order_acquire);
  };
  // What abort_all() has taken it aborts; what it has not found any more, this ends.
  if (!ours()) Passage();
  ncclResult_t state = ncclSuccess;
  const bool well = ncclCommGetAsyncError(comm, &state) == ncclSuccess && state == ncclSuccess;
  well ? ncclCommDestroy(comm) : ncclCommAbort(comm);
}

}  // namespace assay::comm::nccl

// What the double of NCCL remembers.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/fakes/nccl/fake_nccl.hpp"
#include "tests/fakes/nccl/wire.hpp"

namespace assay::fakes::nccl {

/// What work on a stream needs of a communicator, which may be aborted meanwhile.
struct Core {
  Core(std::string shared_name, int ranks, int rank)
      : name(std::move(shared_name)), wire(name, ranks, rank) {}
  /// Whether waiting for other ranks is in vain.
  bool lost() const { return aborted || wire.failed(); }
  /// This rank's part failed, which the others learn.
  void fail(ncclResult_t code);

  std::string name;
  Wire wire;
  int gpu = 0;
  int splits = 0;
  void* profiled = nullptr;  ///< the profiler's context
  int registrations = 0;     ///< that are to end before it does
  std::atomic<ncclResult_t> async{ncclSuccess};
  std::atomic<bool> aborted{false};
};

struct State {
  std::mutex mutex;
  std::vector<Trouble> troubles;
  std::map<std::string, int> calls;
  Leaks made;
  std::string last_error;
};
State& state();

/// The trouble that strikes at this call.
Trouble enter(const char* call);

/// Adds a line, "1 abort /name-of-the-communicator", to the file that ASSAY_FAKE_NCCL_LOG names:
/// what a test can still read when the process is gone.
void log(const std::string& event);

/// Remembers why, for ncclGetLastError, and returns `code`.
ncclResult_t told(ncclResult_t code, const std::string& why);

}  // namespace assay::fakes::nccl

/// NCCL's opaque type.
struct ncclComm {
  std::shared_ptr<assay::fakes::nccl::Core> core;
};

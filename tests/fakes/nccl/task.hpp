// One call of the double, taken apart into messages.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tests/fakes/nccl/state.hpp"

namespace assay::fakes::nccl {

struct Task {
  const char* call = "";
  std::shared_ptr<Core> core;
  cudaStream_t stream = nullptr;
  Trouble trouble;
  Transfers transfers;
  std::function<void()> then;                       ///< when all messages of the group are there
  std::shared_ptr<std::vector<std::byte>> scratch;  ///< that the messages use
  std::span<std::byte> written;                     ///< of the caller's memory
};

/// The program's profiler, found as NCCL finds it, learns of a communicator's beginning and end
/// and, as far as it wants to, of tasks.
void begin_profile(Core& core);
void end_profile(Core& core);
void profile(const Task& task);

/// Runs the task, or keeps it for the end of the group that is open.
ncclResult_t submit(Task task);
/// A call in a group that is refused fails the group.
ncclResult_t refuse(ncclResult_t code, const std::string& why);

}  // namespace assay::fakes::nccl

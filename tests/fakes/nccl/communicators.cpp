// Communicators of the double: made, split, asked and freed.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>

#include "tests/fakes/cuda/state.hpp"
#include "tests/fakes/nccl/task.hpp"

using namespace assay::fakes::nccl;

namespace {

/// What ranks tell each other of themselves.
struct Member {
  std::array<char, 128> host{};
  int gpu = 0;
  bool on_one_gpu_with(const Member& other) const { return gpu == other.gpu && host == other.host; }
};

Member myself() {
  Member me;
  const char* named = std::getenv("NCCL_HOSTID");
  if (named != nullptr)
    std::strncpy(me.host.data(), named, me.host.size() - 1);
  else
    gethostname(me.host.data(), me.host.size() - 1);
  me.gpu = assay::fakes::cuda::current_gpu();
  return me;
}

struct Place {
  std::string name;
  int ranks = 1, rank = 0;
};

/// Collective over the ranks of `place`.
ncclResult_t make(const Place& place, ncclComm_t* out) {
  auto core = std::make_shared<Core>(place.name, place.ranks, place.rank);
  core->gpu = assay::fakes::cuda::current_gpu();
  const auto members = core->wire.gather(myself(), [&] { return core->lost(); });
  if (members.empty()) return told(ncclRemoteError, "a rank failed while it was connected");
  if (place.rank == 0) core->wire.unlink();  // all have found it
  for (std::size_t a = 0; a < members.size(); ++a)
    for (std::size_t b = a + 1; b < members.size(); ++b)
      if (members[a].on_one_gpu_with(members[b]))
        return told(ncclInvalidUsage, "Duplicate GPU detected : rank " + std::to_string(a) +
                                          " and rank " + std::to_string(b) +
                                          " both on CUDA device " + std::to_string(members[a].gpu));
  *out = new ncclComm{core};
  begin_profile(*core);
  const std::lock_guard lock(state().mutex);
  ++state().made.communicators;
  return ncclSuccess;
}

ncclResult_t unmake(ncclComm_t comm) {
  if (comm == nullptr) return ncclSuccess;
  end_profile(*comm->core);
  delete comm;
  const std::lock_guard lock(state().mutex);
  --state().made.communicators;
  return ncclSuccess;
}

ncclResult_t no_communicator(const char* call) {
  return told(ncclInvalidArgument, std::string(call) + " : comm argument is NULL");
}

struct Range {
  void* base;
  std::size_t bytes;
};
ncclResult_t make_registration(const char* call, ncclComm_t comm, Range range, void** handle) {
  const Trouble trouble = enter(call);
  if (comm == nullptr) return no_communicator(call);
  if (trouble.error != ncclSuccess) return told(trouble.error, std::string("planned for ") + call);
  auto* reached = assay::fakes::cuda::reach(range.base, range.bytes);
  if (reached == nullptr || reached == range.base)
    return told(ncclInvalidArgument, std::string(call) + " of memory that is not the GPU's");
  *handle = nullptr;
  if (trouble.corrupt) return ncclSuccess;  // as where NCCL was told to register nothing
  *handle = new int;
  ++comm->core->registrations;
  const std::lock_guard lock(state().mutex);
  ++state().made.registrations;
  return ncclSuccess;
}
ncclResult_t end_registration(const char* call, ncclComm_t comm, void* handle) {
  if (comm == nullptr) return no_communicator(call);
  delete static_cast<int*>(handle);
  --comm->core->registrations;
  const std::lock_guard lock(state().mutex);
  --state().made.registrations;
  return ncclSuccess;
}

bool usable(const ncclConfig_t* config) {
  return config == nullptr || (config->magic == 0xcafebeef && config->size == sizeof *config &&
                               config->blocking != 0);  // without threads
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

const char* ncclGetErrorString(ncclResult_t code) {
  switch (code) {
    case ncclSuccess:
      return "no error";
    case ncclUnhandledCudaError:
      return "unhandled cuda error (run with NCCL_DEBUG=INFO for details)";
    case ncclSystemError:
      return "unhandled system error (run with NCCL_DEBUG=INFO for details)";
    case ncclInvalidArgument:
      return "invalid argument (run with NCCL_DEBUG=WARN for details)";
    case ncclInvalidUsage:
      return "invalid usage (run with NCCL_DEBUG=WARN for details)";
    case ncclRemoteError:
      return "remote process exited or there was a network error";
    default:
      return "internal error - please report this issue to the NCCL developers";
  }
}

const char* ncclGetLastError(ncclComm_t) {
  static thread_local std::string text;
  const std::lock_guard lock(state().mutex);
  text = state().last_error;
  return text.c_str();
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  const Trouble trouble = enter("ncclGetUniqueId");
  if (trouble.error != ncclSuccess) return told(trouble.error, "planned for ncclGetUniqueId");
  *id = {};
  std::random_device random;
  const std::string name =
      "/assay-fake-nccl-" + std::to_string(getpid()) + "-" + std::to_string(random());
  std::copy(name.begin(), name.end(), id->internal);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int ranks, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  const Trouble trouble = enter("ncclCommInitRankConfig");
  if (trouble.error != ncclSuccess)
    return told(trouble.error, "planned for ncclCommInitRankConfig");
  if (!usable(config)) return told(ncclInvalidArgument, "the double takes no such config");
  if (rank < 0 || rank >= ranks) return told(ncclInvalidArgument, "Invalid rank requested");
  while (trouble.hang) pause();
  return make({id.internal, ranks, rank}, comm);
}

ncclResult_t ncclCommSplit(ncclComm_t comm, int color, int key, ncclComm_t* out,
                           ncclConfig_t* config) {
  const Trouble trouble = enter("ncclCommSplit");
  if (comm == nullptr) return no_communicator("CommSplit");
  if (trouble.error != ncclSuccess) {
    comm->core->fail(trouble.error);
    return told(trouble.error, "planned for ncclCommSplit");
  }
  if (!usable(config) || color < NCCL_SPLIT_NOCOLOR)
    return told(ncclInvalidArgument, "the double takes no such color or config");
  struct Choice {
    int color, key;
  };
  auto& core = *comm->core;
  const auto choices = core.wire.gather(Choice{color, key}, [&] { return core.lost(); });
  if (choices.empty()) return told(ncclRemoteError, "a rank failed while others split");
  const std::string name =
      core.name + "." + std::to_string(core.splits++) + "." + std::to_string(color);
  *out = nullptr;
  if (color == NCCL_SPLIT_NOCOLOR) return ncclSuccess;
  std::vector<int> mine(choices.size());
  std::iota(mine.begin(), mine.end(), 0);
  const auto choice = [&](int rank) { return choices[static_cast<std::size_t>(rank)]; };
  std::erase_if(mine, [&](int rank) { return choice(rank).color != color; });
  std::stable_sort(mine.begin(), mine.end(),
                   [&](int a, int b) { return choice(a).key < choice(b).key; });
  const auto me = std::find(mine.begin(), mine.end(), core.wire.rank()) - mine.begin();
  return make({name, static_cast<int>(mine.size()), static_cast<int>(me)}, out);
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  while (enter("ncclCommDestroy").hang) pause();
  if (comm != nullptr && comm->core->registrations > 0) std::abort();  // they would end too late
  return unmake(comm);
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  if (comm == nullptr) return ncclSuccess;
  log("abort " + comm->core->name);
  while (enter("ncclCommAbort").hang) pause();
  comm->core->aborted = true;
  comm->core->wire.fail();
  return unmake(comm);
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* code) {
  if (comm == nullptr) return no_communicator("ncclGetAsyncError");
  *code = comm->core->async;
  return ncclSuccess;
}
ncclResult_t ncclCommCount(const ncclComm_t comm, int* count) {
  if (comm == nullptr) return no_communicator("CommCount");
  *count = comm->core->wire.ranks();
  return ncclSuccess;
}
ncclResult_t ncclCommUserRank(const ncclComm_t comm, int* rank) {
  if (comm == nullptr) return no_communicator("CommUserRank");
  *rank = comm->core->wire.rank();
  return ncclSuccess;
}

ncclResult_t ncclCommRegister(const ncclComm_t comm, void* buffer, std::size_t bytes,
                              void** handle) {
  return make_registration("ncclCommRegister", comm, {buffer, bytes}, handle);
}
ncclResult_t ncclCommDeregister(const ncclComm_t comm, void* handle) {
  return end_registration("ncclCommDeregister", comm, handle);
}

ncclResult_t ncclCommWindowRegister(ncclComm_t comm, void* buffer, std::size_t bytes,
                                    ncclWindow_t* window, int flags) {
  if (flags != NCCL_WIN_COLL_SYMMETRIC) return told(ncclInvalidArgument, "a window of what?");
  void* handle = nullptr;
  const auto code = make_registration("ncclCommWindowRegister", comm, {buffer, bytes}, &handle);
  if (code != ncclSuccess) return code;
  auto& core = *comm->core;
  const auto sizes = core.wire.gather(bytes, [&] { return core.lost(); });
  if (sizes.empty()) return told(ncclRemoteError, "a rank failed while windows were made");
  if (std::count(sizes.begin(), sizes.end(), bytes) != core.wire.ranks())
    return told(ncclInvalidArgument, "a symmetric window of different sizes");
  *window = static_cast<ncclWindow_t>(handle);
  return ncclSuccess;
}
ncclResult_t ncclCommWindowDeregister(ncclComm_t comm, ncclWindow_t window) {
  return end_registration("ncclCommWindowDeregister", comm, window);
}

ncclResult_t ncclMemAlloc(void** memory, std::size_t bytes) {
  const bool well = cudaMalloc(memory, bytes) == cudaSuccess;
  return told(well ? ncclSuccess : ncclUnhandledCudaError, "Cuda failure 'out of memory'");
}
ncclResult_t ncclMemFree(void* memory) {
  const bool well = cudaFree(memory) == cudaSuccess;
  return told(well ? ncclSuccess : ncclUnhandledCudaError, "Cuda failure");
}

}  // extern "C"

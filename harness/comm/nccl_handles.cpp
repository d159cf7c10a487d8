#include "harness/comm/nccl_handles.hpp"

#include <fmt/format.h>

#include "harness/comm/nccl_live.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

struct Meaning {
  ncclResult_t code;
  const char* name;
  const char* remedy;
};
constexpr const char* report = "run with NCCL_DEBUG=WARN, which says more";
constexpr Meaning meanings[] = {
    {ncclUnhandledCudaError, "ncclUnhandledCudaError",
     "look for Xid lines in the kernel log of this rank's host, and at nvidia-smi -q"},
    {ncclSystemError, "ncclSystemError",
     "look at the network of this rank's host (NCCL_SOCKET_IFNAME, NCCL_IB_HCA), its limit of "
     "locked "
     "memory and /dev/shm; NCCL_DEBUG=WARN says more"},
    {ncclInternalError, "ncclInternalError", report},
    {ncclInvalidArgument, "ncclInvalidArgument", report},
    {ncclInvalidUsage, "ncclInvalidUsage",
     "give each rank a GPU of its own and all ranks the same NCCL; NCCL_DEBUG=WARN says more"},
    {ncclRemoteError, "ncclRemoteError",
     "another rank failed first, or the network did: see what the others say"},
};

const Meaning& meaning_of(ncclResult_t code) {
  for (const auto& row : meanings)
    if (row.code == code) return row;
  static constexpr Meaning unknown{ncclNumResults, "unknown", report};
  return unknown;
}

}  // namespace

std::string library_version() {
  int code = 0;
  if (ncclGetVersion(&code) != ncclSuccess) return "NCCL of unknown version";
  return fmt::format("NCCL {}.{}.{}", code / 10000, code / 100 % 100, code % 100);
}

void check(const device::Gpu& gpu, ncclResult_t code, const char* call, std::source_location at) {
  if (code == ncclSuccess) return;
  const auto& meaning = meaning_of(code);
  // NCCL keeps one text per process, and empties it with nothing.
  const char* last = ncclGetLastError(nullptr);
  const bool says = last != nullptr && *last != '\0';
  throw RunError(
      {gpu.where(),
       fmt::format("{} failed with \"{}\" ({}, {}:{}){}", call, ncclGetErrorString(code),
                   meaning.name, at.file_name(), at.line(), says ? fmt::format(": {}", last) : ""),
       meaning.remedy});
}

void check_state(const device::Gpu& gpu, ncclComm_t comm) {
  const Passage passage;
  ncclResult_t state = ncclSuccess;
  check(gpu, ncclCommGetAsyncError(comm, &state), "ncclCommGetAsyncError");
  check(gpu, state, "what went on after a call that had returned");
}

}  // namespace assay::comm::nccl

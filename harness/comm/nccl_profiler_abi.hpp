// NCCL's profiler plug-in interface, version 4, as far as assay looks: NCCL from 2.27 on finds
// `ncclProfiler_v4` and calls it. No header of it is installed with NCCL; the layout is that of
// src/include/plugin/profiler/profiler_v4.h in NCCL's sources.
#pragma once

#include <nccl.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace assay::comm::nccl::profiler {

/// Bits of what is to be told, and kinds of events.
enum Kind : int { collective = 1 << 1, message = 1 << 2, proxy = 1 << 3, network = 1 << 7 };

/// Above these bits of a network's id: which of NCCL's own networks it is.
inline constexpr int network_shift = 16;
enum Network : std::int64_t { infiniband = 1, sockets = 2 };

struct CollectiveEvent {
  std::uint64_t sequence;
  const char* call;
  const void* send;
  void* recv;
  std::size_t count;
  int root;
  const char* type;
  std::uint8_t channels, warps;
  const char* algorithm;
  const char* protocol;
};
struct ProxyEvent {
  pid_t process;
  std::uint8_t channel;
  int peer, steps, chunk;
  int sends;  ///< 1: to a network
};
struct NetworkEvent {
  std::int64_t id;
  void* data;
};
struct Event {
  std::uint8_t kind;
  void* parent;
  int rank;
  union {
    CollectiveEvent collective;
    ProxyEvent proxy;
    NetworkEvent network;
  };
};

struct Plugin {
  const char* name;
  ncclResult_t (*init)(void** context, int* wanted, const char* comm_name, std::uint64_t comm,
                       int nodes, int ranks, int rank, void (*log)());
  ncclResult_t (*start)(void* context, void** handle, Event* event);
  ncclResult_t (*stop)(void* handle);
  ncclResult_t (*record)(void* handle, int state, void* arguments);
  ncclResult_t (*finalize)(void* context);
};

}  // namespace assay::comm::nccl::profiler

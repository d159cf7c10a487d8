// A double of NCCL, of as much as assay calls, on the double of the CUDA runtime: ranks are
// processes of one host, data go through shared memory. It replaces libnccl at link time under the
// same object files, and is never part of the program.
//
// Buffers must be memory of a GPU. What is enqueued is done in the order of the stream; sends and
// receives of a group progress together, and nothing else does: ranks that would wait for each
// other for ever with NCCL do so here, until the communicator is aborted.
#pragma once

#include <nccl.h>

#include <cstddef>
#include <string>
#include <vector>

namespace assay::fakes::nccl {

/// Something that goes wrong. As text, for programs, in ASSAY_FAKE_NCCL, several separated by
/// commas: "ncclAllReduce:ranks=1+3:after=2:error=1,ncclSend:corrupt,ncclBroadcast:async=6".
struct Trouble {
  std::string call = {};             ///< "ncclAllReduce", "ncclCommSplit", …
  int after = 0;                     ///< calls that go well before
  std::vector<int> ranks = {};       ///< of the launcher; empty: all
  ncclResult_t error = ncclSuccess;  ///< returned by the call, which does nothing
  ncclResult_t async = ncclSuccess;  ///< the call returns success, its work is not done, and this
                                     ///< is the communicator's state from then on
  double delay_s = 0;                ///< before the work
  bool corrupt = false;              ///< one bit of what the work writes on this rank flips; of a
                                     ///< registration: none is made
  bool hang = false;                 ///< the work is not done until the communicator is aborted; of
                                     ///< what makes or ends one: it never returns
};

/// Forgets all trouble and what there is, and reads the environment anew.
void reset();
void plan(const Trouble& trouble);

/// Events that the program's profiler was told of. What a network is told as comes from
/// ASSAY_FAKE_NCCL_NETWORK: sockets, infiniband, untold; without it nothing is sent to a network.
int profiled();

struct Leaks {
  int communicators = 0, registrations = 0;
  friend bool operator==(const Leaks&, const Leaks&) = default;
};
/// What has been made and not been freed.
Leaks leaks();

}  // namespace assay::fakes::nccl

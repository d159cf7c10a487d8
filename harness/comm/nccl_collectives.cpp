// The collectives for which NCCL has a call of its own.
#include <fmt/format.h>

#include <algorithm>

#include "harness/comm/nccl_launch.hpp"
#include "harness/comm/nccl_live.hpp"
#include "harness/comm/nccl_types.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

/// What a call needs besides the caller's buffers.
struct Arguments {
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  ncclDataType_t type = ncclUint8;
  ncclRedOp_t op = ncclSum;
  std::size_t count = 0;
  std::size_t bytes = 0;  ///< of `count` elements
  int rank = 0, root = 0;
  std::byte* own = nullptr;  ///< an element of the launch's own

  bool is_root() const noexcept { return rank == root; }
  std::byte* block(std::byte* data, int of) const noexcept {
    return data + static_cast<std::size_t>(of) * bytes;
  }
};

/// In place, `send` is null and the input is in `recv`, where NCCL wants it for that.
using Enqueue = ncclResult_t (*)(const Arguments&, const std::byte* send, std::byte* recv);

struct Row {
  Collective collective;
  const char* call;
  Enqueue enqueue;
};

constexpr Row rows[] = {
    {Collective::all_reduce, "ncclAllReduce",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       return ncclAllReduce(send == nullptr ? recv : send, recv, a.count, a.type, a.op, a.comm,
                            a.stream);
     }},
    {Collective::reduce, "ncclReduce",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       return ncclReduce(send == nullptr ? recv : send, recv, a.count, a.type, a.op, a.root, a.comm,
                         a.stream);
     }},
    {Collective::reduce_scatter, "ncclReduceScatter",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       return ncclReduceScatter(send == nullptr ? recv : send,
                                send == nullptr ? a.block(recv, a.rank) : recv, a.count, a.type,
                                a.op, a.comm, a.stream);
     }},
    {Collective::all_gather, "ncclAllGather",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       return ncclAllGather(send == nullptr ? a.block(recv, a.rank) : send, recv, a.count, a.type,
                            a.comm, a.stream);
     }},
    {Collective::broadcast, "ncclBroadcast",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       // The root's own output is not asked for: in place, which only reads what is sent.
       auto* to = a.is_root() && send != nullptr ? const_cast<std::byte*>(send) : recv;
       return ncclBroadcast(to, to, a.count, a.type, a.root, a.comm, a.stream);
     }},
    {Collective::barrier, "ncclAllReduce",
     [](const Arguments& a, const std::byte*, std::byte*) {
       return ncclAllReduce(a.own, a.own, 1, ncclUint8, ncclSum, a.comm, a.stream);
     }},
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 28, 0)
    {Collective::all_to_all, "ncclAlltoAll",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       return ncclAlltoAll(send, recv, a.count, a.type, a.comm, a.stream);
     }},
    {Collective::gather, "ncclGather",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       const auto* in_place = a.is_root() ? a.block(recv, a.root) : recv;
       return ncclGather(send == nullptr ? in_place : send, recv, a.count, a.type, a.root, a.comm,
                         a.stream);
     }},
    {Collective::scatter, "ncclScatter",
     [](const Arguments& a, const std::byte* send, std::byte* recv) {
       const bool in_place = a.is_root() && send == nullptr;
       return ncclScatter(in_place ? recv : send, in_place ? a.block(recv, a.root) : recv, a.count,
                          a.type, a.root, a.comm, a.stream);
     }},
#endif
};

LaunchInfo info_of(const Row& row, const CommView& view, const CollectiveCall& call) {
  LaunchInfo info{.path = "native", .reduction = reduces(row.collective) ? "library" : ""};
  if (call.collective == Collective::barrier) info.path = "all_reduce of one element";
  if (call.collective == Collective::reduce_scatter)
    info.in_place_result_at = static_cast<std::uint64_t>(view.rank) * call.count;
  return info;
}

class Native final : public NcclLaunch {
 public:
  Native(const CommView& comm, const CollectiveCall& call, const Row& row, ncclDataType_t type)
      : NcclLaunch(comm, info_of(row, comm, call)),
        row_(row),
        own_(call.collective == Collective::barrier ? comm.device.allocate(1) : device::Buffer{}),
        arguments_{.comm = comm.comm(),
                   .type = type,
                   .op = nccl_op(call.op),
                   .count = call.count,
                   .bytes = call.count * size_of(call.type),
                   .rank = comm.rank,
                   .root = call.root,
                   .own = own_.data()} {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    const Passage passage;
    arguments_.stream = view().stream();  // the one in use now
    note(row_.enqueue(arguments_, send, recv), row_.call);
  }

 private:
  const Row& row_;
  device::Buffer own_;
  Arguments arguments_;
};

}  // namespace

std::unique_ptr<Launch> make_collective(const CommView& view, const CollectiveCall& call) {
  if (!view.is_whole()) return nullptr;
  const auto row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& candidate) {
    return candidate.collective == call.collective;
  });
  if (row == std::end(rows)) return nullptr;
  const auto type = nccl_type(call.type);
  if (!type)
    throw RunError({view.device.gpu().where(),
                    fmt::format("{} has no type {}", library_version(), name(call.type)),
                    "build with a newer NCCL, or choose another type"});
  return std::make_unique<Native>(view, call, *row, *type);
}

}  // namespace assay::comm::nccl

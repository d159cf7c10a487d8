// The collectives and messages of the double.
#include <cstring>

#include "kernels/kernels.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/fakes/nccl/task.hpp"

namespace assay::fakes::nccl {
namespace {

std::optional<DataType> type_of(ncclDataType_t type) {
  switch (type) {
    case ncclInt8:
      return DataType::int8;
    case ncclUint8:
      return DataType::uint8;
    case ncclInt32:
      return DataType::int32;
    case ncclUint32:
      return DataType::uint32;
    case ncclInt64:
      return DataType::int64;
    case ncclUint64:
      return DataType::uint64;
    case ncclFloat16:
      return DataType::fp16;
    case ncclFloat32:
      return DataType::fp32;
    case ncclFloat64:
      return DataType::fp64;
    case ncclBfloat16:
      return DataType::bf16;
    case ncclFloat8e4m3:
      return DataType::fp8_e4m3;
    case ncclFloat8e5m2:
      return DataType::fp8_e5m2;
    default:
      return std::nullopt;
  }
}

std::optional<ReduceOp> op_of(ncclRedOp_t op) {
  switch (op) {
    case ncclSum:
      return ReduceOp::sum;
    case ncclProd:
      return ReduceOp::prod;
    case ncclMax:
      return ReduceOp::max;
    case ncclMin:
      return ReduceOp::min;
    case ncclAvg:
      return ReduceOp::avg;
    default:
      return std::nullopt;
  }
}

/// Memory of a GPU; null where it is not.
std::byte* on_gpu(const void* p, std::size_t bytes) {
  auto* reached = cuda::reach(p, bytes);
  return reached == p ? nullptr : static_cast<std::byte*>(reached);
}

/// A call as it came, and what its arguments become.
class Call {
 public:
  struct Arguments {
    const char* name;
    const void* send;
    void* recv;
    std::size_t count;
    ncclDataType_t type;
    ncclComm_t comm;
    cudaStream_t stream;
    int root = 0;
    ncclRedOp_t op = ncclSum;
  };
  explicit Call(const Arguments& arguments) : a_(arguments) {
    task_.call = a_.name;
    task_.trouble = enter(a_.name);
    task_.stream = a_.stream;
    if (a_.comm == nullptr) {
      why_ = " : comm argument is NULL";
      return;
    }
    task_.core = a_.comm->core;
    type_ = type_of(a_.type);
    op_ = op_of(a_.op);
    if (!type_) why_ = " : invalid type";
    if (!op_) why_ = " : invalid reduction operation";
    if (a_.root < 0 || a_.root >= ranks()) why_ = " : invalid root or peer";
    bytes_ = type_ ? a_.count * size_of(*type_) : 0;
  }

  int rank() const { return task_.core->wire.rank(); }
  int ranks() const { return task_.core->wire.ranks(); }
  bool root() const { return rank() == a_.root; }
  std::size_t blocks() const { return static_cast<std::size_t>(ranks()); }
  bool refused() const { return !why_.empty(); }

  /// `blocks` of the caller's memory; what is written to is what a planned corruption may strike.
  void takes(std::size_t blocks) { send_ = reached(a_.send, blocks); }
  void gives(std::size_t blocks) {
    recv_ = reached(a_.recv, blocks);
    if (recv_ != nullptr) task_.written = {recv_, blocks * bytes_};
  }
  /// Memory of the double's own: a block of every rank.
  void uses_scratch() {
    task_.scratch = std::make_shared<std::vector<std::byte>>(blocks() * bytes_);
  }

  std::byte* send_block(int of) const { return block(send_, of); }
  std::byte* recv_block(int of) const { return block(recv_, of); }
  std::byte* scratch_block(int of) const { return block(task_.scratch->data(), of); }

  void send(int peer, std::byte* data) { task_.transfers.sends.push_back({peer, data, bytes_}); }
  void receive(int peer, std::byte* data) {
    task_.transfers.receives.push_back({peer, data, bytes_});
  }
  /// The reduction of what is in the scratch memory becomes the result.
  void reduces() {
    task_.then = [=, scratch = task_.scratch, n = blocks(), bytes = bytes_, count = a_.count,
                  type = *type_, op = *op_, to = recv_] {
      auto* data = scratch->data();
      // NCCL averages floating values by scaling what is sent, integers by dividing the sum.
      const bool before = op == ReduceOp::avg && info(type).floating;
      const auto divisor = static_cast<int>(n);
      for (std::size_t r = 0; r < n && before; ++r)
        kernels::divide(data + r * bytes, count, type, divisor);
      for (std::size_t r = 1; r < n; ++r) kernels::reduce(data, data + r * bytes, count, type, op);
      if (op == ReduceOp::avg && !before) kernels::divide(data, count, type, divisor);
      if (bytes > 0) std::memcpy(to, data, bytes);
    };
  }

  ncclResult_t submit() {
    if (refused()) return refuse(ncclInvalidArgument, a_.name + why_);
    if (a_.count == 0 && !point_to_point_) return ncclSuccess;
    return nccl::submit(std::move(task_));
  }
  void is_point_to_point() { point_to_point_ = true; }

 private:
  std::byte* reached(const void* p, std::size_t blocks) {
    if (bytes_ * blocks == 0) return nullptr;
    auto* data = on_gpu(p, bytes_ * blocks);
    if (data == nullptr) why_ = " : a buffer is not memory of a GPU, or less of it";
    return data;
  }
  std::byte* block(std::byte* base, int of) const {
    return base == nullptr ? nullptr : base + static_cast<std::size_t>(of) * bytes_;
  }

  Arguments a_;
  Task task_;
  std::string why_;
  std::optional<DataType> type_;
  std::optional<ReduceOp> op_;
  std::size_t bytes_ = 0;
  std::byte *send_ = nullptr, *recv_ = nullptr;
  bool point_to_point_ = false;
};

}  // namespace
}  // namespace assay::fakes::nccl

using assay::fakes::nccl::Call;

extern "C" {

ncclResult_t ncclAllReduce(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                           ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclAllReduce", send, recv, count, type, comm, stream, 0, op});
  if (call.refused()) return call.submit();
  call.takes(1);
  call.gives(1);
  call.uses_scratch();
  for (int peer = 0; peer < call.ranks(); ++peer) {
    call.send(peer, call.send_block(0));
    call.receive(peer, call.scratch_block(peer));
  }
  call.reduces();
  return call.submit();
}

ncclResult_t ncclReduce(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                        ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclReduce", send, recv, count, type, comm, stream, root, op});
  if (call.refused()) return call.submit();
  call.takes(1);
  call.send(root, call.send_block(0));
  if (call.root()) {
    call.gives(1);
    call.uses_scratch();
    for (int peer = 0; peer < call.ranks(); ++peer) call.receive(peer, call.scratch_block(peer));
    call.reduces();
  }
  return call.submit();
}

ncclResult_t ncclReduceScatter(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                               ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclReduceScatter", send, recv, count, type, comm, stream, 0, op});
  if (call.refused()) return call.submit();
  call.takes(call.blocks());
  call.gives(1);
  call.uses_scratch();
  for (int peer = 0; peer < call.ranks(); ++peer) {
    call.send(peer, call.send_block(peer));
    call.receive(peer, call.scratch_block(peer));
  }
  call.reduces();
  return call.submit();
}

ncclResult_t ncclAllGather(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclAllGather", send, recv, count, type, comm, stream});
  if (call.refused()) return call.submit();
  call.takes(1);
  call.gives(call.blocks());
  for (int peer = 0; peer < call.ranks(); ++peer) {
    call.send(peer, call.send_block(0));
    call.receive(peer, call.recv_block(peer));
  }
  return call.submit();
}

ncclResult_t ncclBroadcast(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                           int root, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclBroadcast", send, recv, count, type, comm, stream, root});
  if (call.refused()) return call.submit();
  call.gives(1);
  call.receive(root, call.recv_block(0));
  if (call.root()) {
    call.takes(1);
    for (int peer = 0; peer < call.ranks(); ++peer) call.send(peer, call.send_block(0));
  }
  return call.submit();
}

ncclResult_t ncclSend(const void* send, std::size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclSend", send, nullptr, count, type, comm, stream, peer});
  if (call.refused()) return call.submit();
  call.is_point_to_point();
  call.takes(1);
  call.send(peer, call.send_block(0));
  return call.submit();
}

ncclResult_t ncclRecv(void* recv, std::size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  Call call({"ncclRecv", nullptr, recv, count, type, comm, stream, peer});
  if (call.refused()) return call.submit();
  call.is_point_to_point();
  call.gives(1);
  call.receive(peer, call.recv_block(0));
  return call.submit();
}

ncclResult_t ncclAlltoAll(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                          ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclAlltoAll", send, recv, count, type, comm, stream});
  if (call.refused()) return call.submit();
  call.takes(call.blocks());
  call.gives(call.blocks());
  for (int peer = 0; peer < call.ranks(); ++peer) {
    call.send(peer, call.send_block(peer));
    call.receive(peer, call.recv_block(peer));
  }
  return call.submit();
}

ncclResult_t ncclGather(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                        int root, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclGather", send, recv, count, type, comm, stream, root});
  if (call.refused()) return call.submit();
  call.takes(1);
  call.send(root, call.send_block(0));
  if (call.root()) {
    call.gives(call.blocks());
    for (int peer = 0; peer < call.ranks(); ++peer) call.receive(peer, call.recv_block(peer));
  }
  return call.submit();
}

ncclResult_t ncclScatter(const void* send, void* recv, std::size_t count, ncclDataType_t type,
                         int root, ncclComm_t comm, cudaStream_t stream) {
  Call call({"ncclScatter", send, recv, count, type, comm, stream, root});
  if (call.refused()) return call.submit();
  call.gives(1);
  call.receive(root, call.recv_block(0));
  if (call.root()) {
    call.takes(call.blocks());
    for (int peer = 0; peer < call.ranks(); ++peer) call.send(peer, call.send_block(peer));
  }
  return call.submit();
}

}  // extern "C"

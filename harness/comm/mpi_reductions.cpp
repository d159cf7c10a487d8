// The reductions of MPI. MPI reduces no derived type (MPI_ERR_OP), so what exceeds int counts goes
// in pieces; fp8, fp16 and bf16 are reduced by our operator, and avg is a sum divided by us.
#include <algorithm>

#include "harness/comm/mpi_launch.hpp"
#include "harness/comm/mpi_types.hpp"
#include "harness/core/error.hpp"
#include "kernels/kernels.hpp"

namespace assay::comm::mpi {

namespace {

constexpr std::uint64_t chunk = std::uint64_t{1} << 30;

MPI_Op library_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::avg:  // summed by the library, divided by us
    case ReduceOp::sum:
      return MPI_SUM;
    case ReduceOp::prod:
      return MPI_PROD;
    case ReduceOp::min:
      return MPI_MIN;
    case ReduceOp::max:
      return MPI_MAX;
  }
  throw InternalError("unknown reduction");
}

template <DataType type, ReduceOp op>
void user_function(void* in, void* inout, int* count, MPI_Datatype*) {
  kernels::reduce(inout, in, static_cast<std::size_t>(*count), type, op);
}

template <DataType type>
MPI_User_function* user_function_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::avg:
    case ReduceOp::sum:
      return user_function<type, ReduceOp::sum>;
    case ReduceOp::prod:
      return user_function<type, ReduceOp::prod>;
    case ReduceOp::min:
      return user_function<type, ReduceOp::min>;
    case ReduceOp::max:
      return user_function<type, ReduceOp::max>;
  }
  throw InternalError("unknown reduction");
}

MPI_User_function* user_function_of(DataType type, ReduceOp op) {
  switch (type) {
    case DataType::fp8_e4m3:
      return user_function_of<DataType::fp8_e4m3>(op);
    case DataType::fp8_e5m2:
      return user_function_of<DataType::fp8_e5m2>(op);
    case DataType::fp16:
      return user_function_of<DataType::fp16>(op);
    case DataType::bf16:
      return user_function_of<DataType::bf16>(op);
    default:
      throw InternalError("MPI itself reduces this type");
  }
}

Op make_user_op(DataType type, ReduceOp op) {
  MPI_Op made = MPI_OP_NULL;
  check(MPI_Op_create(user_function_of(type, op), 1, &made), "MPI_Op_create");
  return Op(made);
}

const char* reduction_of(const CollectiveCall& call) {
  return has_mpi_arithmetic(call.type) && call.op != ReduceOp::avg ? "library" : "assay";
}

class Reduction : public MpiLaunch {
 protected:
  Reduction(const CommView& comm, const CollectiveCall& call, const char* mpi_call,
            const char* path)
      : MpiLaunch(mpi_call, {path, reduction_of(call)}),
        comm_(comm),
        call_(call),
        width_(size_of(call.type)),
        type_(mpi_type(call.type)) {
    if (has_mpi_arithmetic(call.type)) {
      op_ = library_op(call.op);
    } else {
      user_op_ = make_user_op(call.type, call.op);
      op_ = user_op_.get();
    }
  }

  /// `step(offset in bytes, elements)` for each piece of `count` elements; once for none.
  template <class F>
  void in_pieces(std::uint64_t count, F step) noexcept {
    for (std::uint64_t at = 0; at == 0 || at < count; at += chunk)
      note(step(at * width_, static_cast<int>(std::min(chunk, count - at))));
  }
  void reduce_to(int root, const std::byte* from, std::byte* to) noexcept {
    in_pieces(call_.count, [&](std::size_t at, int count) {
      const bool in_place = comm_.rank == root && from == to;
      const void* source = in_place ? MPI_IN_PLACE : from + at;
      return MPI_Reduce(source, to == nullptr ? nullptr : to + at, count, type_, op_, root,
                        comm_.comm);
    });
  }
  /// Of a call that fits an int.
  int count() const noexcept { return static_cast<int>(call_.count); }
  void complete() noexcept override {
    if (started_ != nullptr) divide(started_);
  }
  void divide(std::byte* data) noexcept {
    if (call_.op == ReduceOp::avg) comm_.device->divide(data, call_.count, call_.type, comm_.size);
  }

  CommView comm_;
  CollectiveCall call_;
  std::size_t width_;
  MPI_Datatype type_;
  Op user_op_;
  MPI_Op op_ = MPI_OP_NULL;
  std::byte* started_ = nullptr;  ///< where the operation under way leaves a result on this rank
};

class AllReduce final : public Reduction {
 public:
  AllReduce(const CommView& comm, const CollectiveCall& call)
      : Reduction(comm, call, "MPI_Allreduce", call.count > chunk ? "chunked" : "native") {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    in_pieces(call_.count, [&](std::size_t at, int count) {
      const void* from = send == nullptr ? MPI_IN_PLACE : send + at;
      return MPI_Allreduce(from, recv + at, count, type_, op_, comm_.comm);
    });
    divide(recv);
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    started_ = recv;
    note(
        MPI_Iallreduce(or_in_place(send), recv, count(), type_, op_, comm_.comm, requests_.data()));
  }
};

class Reduce final : public Reduction {
 public:
  Reduce(const CommView& comm, const CollectiveCall& call)
      : Reduction(comm, call, "MPI_Reduce", call.count > chunk ? "chunked" : "native") {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    reduce_to(call_.root, send == nullptr ? recv : send, recv);
    if (comm_.rank == call_.root) divide(recv);
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    const bool root = comm_.rank == call_.root;
    started_ = root ? recv : nullptr;
    const void* from = send == nullptr && !root ? recv : or_in_place(send);
    note(MPI_Ireduce(from, recv, count(), type_, op_, call_.root, comm_.comm, requests_.data()));
  }
};

/// Beyond int counts, block after block is reduced to the rank that it belongs to.
class ReduceScatter final : public Reduction {
 public:
  ReduceScatter(const CommView& comm, const CollectiveCall& call)
      : Reduction(comm, call, whole(comm, call) ? "MPI_Reduce_scatter_block" : "MPI_Reduce",
                  whole(comm, call) ? "native" : "one reduce per rank"),
        whole_(whole(comm, call)) {}

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    if (whole_) {
      note(MPI_Reduce_scatter_block(or_in_place(send), recv, count(), type_, op_, comm_.comm));
    } else {
      reduce_blocks(send == nullptr ? recv : send, recv);
    }
    divide(recv);
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    started_ = recv;
    note(MPI_Ireduce_scatter_block(or_in_place(send), recv, count(), type_, op_, comm_.comm,
                                   requests_.data()));
  }

 private:
  static bool whole(const CommView& comm, const CollectiveCall& call) {
    return call.count * static_cast<std::uint64_t>(comm.size) <= max_count;
  }
  /// In place, a rank's result goes where block 0 was, which is sent before all others.
  void reduce_blocks(const std::byte* from, std::byte* to) noexcept {
    for (int root = 0; root < comm_.size; ++root) {
      const auto* block = from + static_cast<std::size_t>(root) * call_.count * width_;
      reduce_to(root, block, to);
    }
  }

  bool whole_;
};

}  // namespace

std::unique_ptr<MpiLaunch> make_reduction(const CommView& comm, const CollectiveCall& call) {
  switch (call.collective) {
    case Collective::all_reduce:
      return std::make_unique<AllReduce>(comm, call);
    case Collective::reduce:
      return std::make_unique<Reduce>(comm, call);
    case Collective::reduce_scatter:
      return std::make_unique<ReduceScatter>(comm, call);
    default:
      return nullptr;
  }
}

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_communicator.hpp"

#include <algorithm>
#include <limits>

#include "harness/comm/mpi_transfers.hpp"
#include "harness/comm/mpi_wide_type.hpp"
#include "harness/core/error.hpp"
#include "kernels/kernels.hpp"

namespace assay::comm::mpi {

namespace {

constexpr std::uint64_t max_count = std::numeric_limits<int>::max();

/// fp16 and bf16 have no MPI type: they travel as 16-bit integers and are reduced by our operator.
MPI_Datatype mpi_type(DataType type) {
  switch (type) {
    case DataType::int8:
      return MPI_INT8_T;
    case DataType::uint8:
      return MPI_UINT8_T;
    case DataType::int32:
      return MPI_INT32_T;
    case DataType::uint32:
      return MPI_UINT32_T;
    case DataType::int64:
      return MPI_INT64_T;
    case DataType::uint64:
      return MPI_UINT64_T;
    case DataType::fp16:
    case DataType::bf16:
      return MPI_UINT16_T;
    case DataType::fp32:
      return MPI_FLOAT;
    case DataType::fp64:
      return MPI_DOUBLE;
  }
  throw InternalError("unknown data type");
}

bool has_mpi_arithmetic(DataType type) { return type != DataType::fp16 && type != DataType::bf16; }

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
MPI_User_function* user_function_for(ReduceOp op) {
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

Op make_user_op(DataType type, ReduceOp op) {
  auto* function = type == DataType::fp16 ? user_function_for<DataType::fp16>(op)
                                          : user_function_for<DataType::bf16>(op);
  MPI_Op made = MPI_OP_NULL;
  check(MPI_Op_create(function, 1, &made), "MPI_Op_create");
  return Op(made);
}

/// Keeps the first failing return code: launches are noexcept.
class MpiLaunch : public Launch {
 public:
  void check() const override { mpi::check(code_, call_); }
  const LaunchInfo& info() const override { return info_; }

 protected:
  MpiLaunch(const char* call, LaunchInfo info) : info_(std::move(info)), call_(call) {}
  void note(int code) noexcept {
    if (code != MPI_SUCCESS && code_ == MPI_SUCCESS) code_ = code;
  }

 private:
  LaunchInfo info_;
  const char* call_;
  int code_ = MPI_SUCCESS;
};

class AllReduce final : public MpiLaunch {
 public:
  AllReduce(MPI_Comm comm, int size, const CollectiveCall& call)
      : MpiLaunch(
            "MPI_Allreduce",
            {call.count > chunk ? "chunked" : "native",
             has_mpi_arithmetic(call.type) && call.op != ReduceOp::avg ? "library" : "assay"}),
        comm_(comm),
        size_(size),
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

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    // A reduction on a derived type is MPI_ERR_OP, so what exceeds int counts goes in pieces.
    for (std::uint64_t at = 0; at == 0 || at < call_.count; at += chunk) {
      const void* from = send == nullptr ? MPI_IN_PLACE : send + at * width_;
      const auto count = static_cast<int>(std::min(chunk, call_.count - at));
      note(MPI_Allreduce(from, recv + at * width_, count, type_, op_, comm_));
    }
    if (call_.op == ReduceOp::avg) kernels::divide(recv, call_.count, call_.type, size_);
  }

 private:
  static constexpr std::uint64_t chunk = std::uint64_t{1} << 30;
  MPI_Comm comm_;
  int size_;
  CollectiveCall call_;
  std::size_t width_;
  MPI_Datatype type_;
  Op user_op_;
  MPI_Op op_ = MPI_OP_NULL;
};

class AllToAll final : public MpiLaunch {
 public:
  AllToAll(MPI_Comm comm, const CollectiveCall& call)
      : MpiLaunch("MPI_Alltoall", {call.count > max_count ? "wide type" : "native", ""}),
        comm_(comm),
        type_(mpi_type(call.type)),
        count_(static_cast<int>(call.count)) {
    if (call.count <= max_count) return;
    wide_ = wide_type(type_, call.count);
    type_ = wide_.get();
    count_ = 1;
  }

  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    const void* from = send == nullptr ? MPI_IN_PLACE : send;
    note(MPI_Alltoall(from, count_, type_, recv, count_, type_, comm_));
  }

 private:
  MPI_Comm comm_;
  MPI_Datatype type_;
  Datatype wide_;
  int count_;
};

}  // namespace

MpiCommunicator::MpiCommunicator(Comm comm) : comm_(std::move(comm)) {
  check(MPI_Comm_rank(comm_.get(), &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_.get(), &size_), "MPI_Comm_size");
}

std::unique_ptr<Launch> MpiCommunicator::native(const CollectiveCall& call) {
  switch (call.collective) {
    case Collective::all_reduce:
      return std::make_unique<AllReduce>(comm_.get(), size_, call);
    case Collective::all_to_all:
      return std::make_unique<AllToAll>(comm_.get(), call);
  }
  return nullptr;
}

std::unique_ptr<Transfers> MpiCommunicator::transfers(std::vector<Transfer> transfers) {
  return std::make_unique<MpiTransfers>(comm_.get(), std::move(transfers));
}

}  // namespace assay::comm::mpi

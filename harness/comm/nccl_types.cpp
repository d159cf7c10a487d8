#include "harness/comm/nccl_types.hpp"

#include "harness/core/error.hpp"

namespace assay::comm::nccl {

std::optional<ncclDataType_t> nccl_type(DataType type) {
  switch (type) {
    case DataType::int8:
      return ncclInt8;
    case DataType::uint8:
      return ncclUint8;
    case DataType::int32:
      return ncclInt32;
    case DataType::uint32:
      return ncclUint32;
    case DataType::int64:
      return ncclInt64;
    case DataType::uint64:
      return ncclUint64;
#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 24, 0)
    case DataType::fp8_e4m3:
      return ncclFloat8e4m3;
    case DataType::fp8_e5m2:
      return ncclFloat8e5m2;
#else
    case DataType::fp8_e4m3:
    case DataType::fp8_e5m2:
      return std::nullopt;
#endif
    case DataType::fp16:
      return ncclFloat16;
    case DataType::bf16:
      return ncclBfloat16;
    case DataType::fp32:
      return ncclFloat32;
    case DataType::fp64:
      return ncclFloat64;
  }
  throw InternalError("unknown data type");
}

ncclRedOp_t nccl_op(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return ncclSum;
    case ReduceOp::prod:
      return ncclProd;
    case ReduceOp::min:
      return ncclMin;
    case ReduceOp::max:
      return ncclMax;
    case ReduceOp::avg:
      return ncclAvg;
  }
  throw InternalError("unknown reduction");
}

}  // namespace assay::comm::nccl

#include "harness/comm/mpi_types.hpp"

#include "harness/comm/mpi_wide_type.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::mpi {

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

Block::Block(DataType type, std::uint64_t count)
    : type_(mpi_type(type)), count_(static_cast<int>(count)) {
  if (count <= max_count) return;
  wide_ = wide_type(type_, count);
  type_ = wide_.get();
  count_ = 1;
}

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_types.hpp"

#include <array>

#include "harness/core/error.hpp"

namespace assay::comm::mpi {

namespace {

/// A committed type of exactly `count` contiguous elements: blocks of 2^20, then what is left, so
/// that int counts reach 2^51.
Datatype wide_type(MPI_Datatype element, std::uint64_t count) {
  constexpr std::uint64_t unit = std::uint64_t{1} << 20;
  MPI_Datatype block = MPI_DATATYPE_NULL, body = MPI_DATATYPE_NULL, tail = MPI_DATATYPE_NULL,
               whole = MPI_DATATYPE_NULL;
  check(MPI_Type_contiguous(static_cast<int>(unit), element, &block), "MPI_Type_contiguous");
  const Datatype block_owner(block);
  check(MPI_Type_contiguous(static_cast<int>(count / unit), block, &body), "MPI_Type_contiguous");
  Datatype body_owner(body);
  if (count % unit == 0) {
    check(MPI_Type_commit(&body), "MPI_Type_commit");
    return body_owner;
  }
  check(MPI_Type_contiguous(static_cast<int>(count % unit), element, &tail), "MPI_Type_contiguous");
  const Datatype tail_owner(tail);
  MPI_Aint lower = 0, width = 0;
  check(MPI_Type_get_extent(element, &lower, &width), "MPI_Type_get_extent");
  const std::array<int, 2> lengths{1, 1};
  const std::array<MPI_Aint, 2> offsets{0, static_cast<MPI_Aint>(count / unit * unit) * width};
  const std::array<MPI_Datatype, 2> parts{body, tail};
  check(MPI_Type_create_struct(2, lengths.data(), offsets.data(), parts.data(), &whole),
        "MPI_Type_create_struct");
  Datatype whole_owner(whole);
  check(MPI_Type_commit(&whole), "MPI_Type_commit");
  return whole_owner;
}

}  // namespace

MPI_Datatype mpi_type(DataType type) {
  switch (type) {
    case DataType::int8:
      return MPI_INT8_T;
    case DataType::uint8:
    case DataType::fp8_e4m3:
    case DataType::fp8_e5m2:
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

bool has_mpi_arithmetic(DataType type) { return !info(type).floating || size_of(type) >= 4; }

Block::Block(DataType type, std::uint64_t count)
    : type_(mpi_type(type)), count_(static_cast<int>(count)) {
  if (count <= max_count) return;
  wide_ = wide_type(type_, count);
  type_ = wide_.get();
  count_ = 1;
}

}  // namespace assay::comm::mpi

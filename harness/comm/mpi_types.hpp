// Element types and counts as MPI takes them, beyond int counts too.
#pragma once

#include <cstdint>
#include <limits>

#include "harness/comm/mpi_handles.hpp"
#include "harness/core/data_type.hpp"

namespace assay::comm::mpi {

inline constexpr std::uint64_t max_count = std::numeric_limits<int>::max();

/// fp8, fp16 and bf16 have no MPI type: they travel as integers and are reduced by our operator.
MPI_Datatype mpi_type(DataType type);
bool has_mpi_arithmetic(DataType type);

/// `count` elements as one (type, count) argument: int counts reach 2³¹ elements at a time, more
/// become one element of a derived type. For data that is moved: MPI reduces no derived types.
class Block {
 public:
  Block(DataType type, std::uint64_t count);
  MPI_Datatype type() const noexcept { return type_; }
  int count() const noexcept { return count_; }
  /// "native", or "wide type".
  const char* path() const noexcept { return wide_.get() == no_type() ? "native" : "wide type"; }

 private:
  Datatype wide_;
  MPI_Datatype type_;
  int count_;
};

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_wide_type.hpp"

#include <array>

namespace assay::comm::mpi {

// Blocks of 2^20 elements, then what is left: int counts reach 2^51 elements so.
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

}  // namespace assay::comm::mpi

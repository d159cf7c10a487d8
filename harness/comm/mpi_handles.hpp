// One move-only owner per kind of MPI handle, and the check of every return code.
#pragma once

#ifndef OMPI_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#endif
#ifndef MPICH_SKIP_MPICXX
#define MPICH_SKIP_MPICXX 1
#endif
#include <mpi.h>

#include <source_location>
#include <string>

#include "harness/core/first_failure.hpp"
#include "harness/core/owner.hpp"

namespace assay::comm::mpi {

/// The library's text for `code`.
std::string error_text(int code);

/// Throws RunError naming the rank, the call site and the library's text unless `code` is success.
void check(int code, const char* call, std::source_location at = std::source_location::current());

/// The first call that failed, where nothing may throw.
class FirstFailure : public assay::FirstFailure<int, MPI_SUCCESS> {
 public:
  /// Throws RunError if there was one.
  void check() const { mpi::check(code(), call()); }
};

inline MPI_Comm no_comm() noexcept { return MPI_COMM_NULL; }
inline MPI_Datatype no_type() noexcept { return MPI_DATATYPE_NULL; }
inline MPI_Op no_op() noexcept { return MPI_OP_NULL; }

/// After MPI_Finalize handles are gone already; freeing them would abort.
template <class Handle, int (*free)(Handle*)>
void free_unless_finalized(Handle handle) noexcept {
  int finalized = 0;
  if (MPI_Finalized(&finalized) == MPI_SUCCESS && finalized == 0) free(&handle);
}

using Comm = Owner<MPI_Comm, no_comm, free_unless_finalized<MPI_Comm, MPI_Comm_free>>;
using Datatype = Owner<MPI_Datatype, no_type, free_unless_finalized<MPI_Datatype, MPI_Type_free>>;
using Op = Owner<MPI_Op, no_op, free_unless_finalized<MPI_Op, MPI_Op_free>>;

/// Duplicates `comm` with MPI_ERRORS_RETURN. Collective.
Comm duplicate(MPI_Comm comm);

}  // namespace assay::comm::mpi

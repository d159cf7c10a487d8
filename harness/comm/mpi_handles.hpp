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
#include <utility>

namespace assay::comm::mpi {

/// The library's text for `code`.
std::string error_text(int code);

/// Throws RunError naming the rank, the call site and the library's text unless `code` is success.
void check(int code, const char* call, std::source_location at = std::source_location::current());

/// Remembers the first call that failed, where nothing may throw.
class FirstFailure {
 public:
  void note(int code, const char* call) noexcept {
    if (code == MPI_SUCCESS || code_ != MPI_SUCCESS) return;
    code_ = code;
    call_ = call;
  }
  /// Throws RunError if there was one.
  void check() const { mpi::check(code_, call_); }

 private:
  int code_ = MPI_SUCCESS;
  const char* call_ = "";
};

/// `Release` frees a handle that is not `none()`; destructors swallow its return code.
template <class Handle, Handle (*none)(), int (*release)(Handle*)>
class Owner {
 public:
  Owner() = default;
  explicit Owner(Handle handle) : handle_(handle) {}
  ~Owner() { reset(); }
  Owner(Owner&& other) noexcept : handle_(std::exchange(other.handle_, none())) {}
  Owner& operator=(Owner&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  Handle get() const noexcept { return handle_; }

 private:
  void reset() noexcept {
    // After MPI_Finalize handles are gone already; freeing them would abort.
    int finalized = 0;
    if (handle_ != none() && MPI_Finalized(&finalized) == MPI_SUCCESS && finalized == 0)
      release(&handle_);
  }
  Handle handle_ = none();
};

inline MPI_Comm no_comm() { return MPI_COMM_NULL; }
inline MPI_Datatype no_type() { return MPI_DATATYPE_NULL; }
inline MPI_Op no_op() { return MPI_OP_NULL; }

using Comm = Owner<MPI_Comm, no_comm, MPI_Comm_free>;
using Datatype = Owner<MPI_Datatype, no_type, MPI_Type_free>;
using Op = Owner<MPI_Op, no_op, MPI_Op_free>;

/// Duplicates `comm` with MPI_ERRORS_RETURN. Collective.
Comm duplicate(MPI_Comm comm);

}  // namespace assay::comm::mpi

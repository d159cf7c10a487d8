#include "harness/comm/mpi_handles.hpp"

#include <array>

#include "harness/core/error.hpp"

namespace assay::comm::mpi {

std::string error_text(int code) {
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(code, text.data(), &length) != MPI_SUCCESS)
    return "MPI error " + std::to_string(code);
  return {text.data(), static_cast<std::size_t>(length)};
}

void check(int code, const char* call, std::source_location at) {
  if (code == MPI_SUCCESS) return;
  int rank = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  throw RunError({"rank " + std::to_string(rank),
                  std::string(call) + " failed with \"" + error_text(code) + "\" (" +
                      at.file_name() + ":" + std::to_string(at.line()) + ")",
                  "check the network and the MPI settings of this rank's host"});
}

Comm duplicate(MPI_Comm comm) {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(comm, &copy), "MPI_Comm_dup");
  Comm owner(copy);
  check(MPI_Comm_set_errhandler(copy, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return owner;
}

}  // namespace assay::comm::mpi

// A double of an MPI that takes pointers to memory of GPUs: Debian's does not. It stands before the
// functions that assay gives data of a communicator to, and shows them where the double of CUDA has
// the memory. What the GPU has not been waited for is not there yet, as on a real one.
#include "harness/comm/mpi_handles.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"

namespace {

/// Memory of the host as it is; MPI_IN_PLACE and null too. The whole allocation is at one piece, so
/// that its first byte will do.
void* there(const void* data) {
  if (data == MPI_IN_PLACE || data == nullptr) return const_cast<void*>(data);
  void* reachable = assay::fakes::cuda::reach(data, 0);
  return reachable == nullptr ? const_cast<void*>(data) : reachable;
}

}  // namespace

extern "C" {

int MPIX_Query_cuda_support() { return 1; }

int MPI_Allreduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op,
                  MPI_Comm comm) {
  return PMPI_Allreduce(there(from), there(to), count, type, op, comm);
}
int MPI_Reduce(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm) {
  return PMPI_Reduce(there(from), there(to), count, type, op, root, comm);
}
int MPI_Reduce_scatter_block(const void* from, void* to, int count, MPI_Datatype type, MPI_Op op,
                             MPI_Comm comm) {
  return PMPI_Reduce_scatter_block(there(from), there(to), count, type, op, comm);
}
int MPI_Alltoall(const void* from, int sent, MPI_Datatype sent_type, void* to, int received,
                 MPI_Datatype received_type, MPI_Comm comm) {
  return PMPI_Alltoall(there(from), sent, sent_type, there(to), received, received_type, comm);
}
int MPI_Alltoallv(const void* from, const int* sent, const int* sent_at, MPI_Datatype sent_type,
                  void* to, const int* received, const int* received_at, MPI_Datatype received_type,
                  MPI_Comm comm) {
  return PMPI_Alltoallv(there(from), sent, sent_at, sent_type, there(to), received, received_at,
                        received_type, comm);
}
int MPI_Allgather(const void* from, int sent, MPI_Datatype sent_type, void* to, int received,
                  MPI_Datatype received_type, MPI_Comm comm) {
  return PMPI_Allgather(there(from), sent, sent_type, there(to), received, received_type, comm);
}
int MPI_Gather(const void* from, int sent, MPI_Datatype sent_type, void* to, int received,
               MPI_Datatype received_type, int root, MPI_Comm comm) {
  return PMPI_Gather(there(from), sent, sent_type, there(to), received, received_type, root, comm);
}
int MPI_Scatter(const void* from, int sent, MPI_Datatype sent_type, void* to, int received,
                MPI_Datatype received_type, int root, MPI_Comm comm) {
  return PMPI_Scatter(there(from), sent, sent_type, there(to), received, received_type, root, comm);
}
int MPI_Bcast(void* data, int count, MPI_Datatype type, int root, MPI_Comm comm) {
  return PMPI_Bcast(there(data), count, type, root, comm);
}
int MPI_Sendrecv(const void* from, int sent, MPI_Datatype sent_type, int to_rank, int sent_tag,
                 void* to, int received, MPI_Datatype received_type, int from_rank,
                 int received_tag, MPI_Comm comm, MPI_Status* status) {
  return PMPI_Sendrecv(there(from), sent, sent_type, to_rank, sent_tag, there(to), received,
                       received_type, from_rank, received_tag, comm, status);
}
int MPI_Isend(const void* from, int count, MPI_Datatype type, int to_rank, int tag, MPI_Comm comm,
              MPI_Request* request) {
  return PMPI_Isend(there(from), count, type, to_rank, tag, comm, request);
}
int MPI_Irecv(void* to, int count, MPI_Datatype type, int from_rank, int tag, MPI_Comm comm,
              MPI_Request* request) {
  return PMPI_Irecv(there(to), count, type, from_rank, tag, comm, request);
}
int MPI_Send(const void* from, int count, MPI_Datatype type, int to_rank, int tag, MPI_Comm comm) {
  return PMPI_Send(there(from), count, type, to_rank, tag, comm);
}
int MPI_Recv(void* to, int count, MPI_Datatype type, int from_rank, int tag, MPI_Comm comm,
             MPI_Status* status) {
  return PMPI_Recv(there(to), count, type, from_rank, tag, comm, status);
}

}  // extern "C"

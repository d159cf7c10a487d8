// The collectives of MPI that move data without reducing it, and the barrier.
#include <algorithm>
#include <vector>

#include "harness/comm/mpi_launch.hpp"
#include "harness/comm/mpi_types.hpp"

namespace assay::comm::mpi {

namespace {

/// A collective whose blocks are all of one size.
class Movement : public MpiLaunch {
 protected:
  Movement(const CommView& comm, const CollectiveCall& call, const char* mpi_call)
      : Movement(comm, call, mpi_call, Block(call.type, call.count)) {}
  bool is_root() const noexcept { return comm_.rank == root_; }

  CommView comm_;
  int root_;
  Block block_;

 private:
  Movement(const CommView& comm, const CollectiveCall& call, const char* mpi_call, Block block)
      : MpiLaunch(mpi_call, {block.path(), ""}),
        comm_(comm),
        root_(call.root),
        block_(std::move(block)) {}
};

class AllToAll final : public Movement {
 public:
  AllToAll(const CommView& comm, const CollectiveCall& call)
      : Movement(comm, call, "MPI_Alltoall") {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Alltoall, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Ialltoall, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    return function(or_in_place(send), block_.count(), block_.type(), recv, block_.count(),
                    block_.type(), comm_.comm, request...);
  }
};

class AllGather final : public Movement {
 public:
  AllGather(const CommView& comm, const CollectiveCall& call)
      : Movement(comm, call, "MPI_Allgather") {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Allgather, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Iallgather, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    return function(or_in_place(send), block_.count(), block_.type(), recv, block_.count(),
                    block_.type(), comm_.comm, request...);
  }
};

/// The root alone has two buffers; in place, the others' one buffer is what they send.
class Gather final : public Movement {
 public:
  Gather(const CommView& comm, const CollectiveCall& call) : Movement(comm, call, "MPI_Gather") {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Gather, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Igather, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    const void* from = send == nullptr && !is_root() ? recv : or_in_place(send);
    return function(from, block_.count(), block_.type(), recv, block_.count(), block_.type(), root_,
                    comm_.comm, request...);
  }
};

class Scatter final : public Movement {
 public:
  Scatter(const CommView& comm, const CollectiveCall& call) : Movement(comm, call, "MPI_Scatter") {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Scatter, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Iscatter, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    const bool in_place = send == nullptr && is_root();
    void* to = in_place ? MPI_IN_PLACE : static_cast<void*>(recv);
    return function(in_place ? recv : send, block_.count(), block_.type(), to, block_.count(),
                    block_.type(), root_, comm_.comm, request...);
  }
};

class Broadcast final : public Movement {
 public:
  Broadcast(const CommView& comm, const CollectiveCall& call) : Movement(comm, call, "MPI_Bcast") {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Bcast, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Ibcast, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    // MPI has one buffer; the root only reads it.
    auto* data = is_root() && send != nullptr ? const_cast<std::byte*>(send) : recv;
    return function(data, block_.count(), block_.type(), root_, comm_.comm, request...);
  }
};

class SendRecv final : public Movement {
 public:
  SendRecv(const CommView& comm, const CollectiveCall& call)
      : Movement(comm, call, "MPI_Sendrecv"),
        next_((comm.rank + 1) % comm.size),
        previous_((comm.rank + comm.size - 1) % comm.size) {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(MPI_Sendrecv(send, block_.count(), block_.type(), next_, 0, recv, block_.count(),
                      block_.type(), previous_, 0, comm_.comm, MPI_STATUS_IGNORE));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    auto& [receiving, sending] = requests_;
    note(MPI_Irecv(recv, block_.count(), block_.type(), previous_, 0, comm_.comm, &receiving));
    note(MPI_Isend(send, block_.count(), block_.type(), next_, 0, comm_.comm, &sending));
  }

 private:
  int next_, previous_;
};

class Barrier final : public MpiLaunch {
 public:
  explicit Barrier(const CommView& comm) : MpiLaunch("MPI_Barrier", {"native", ""}), comm_(comm) {}
  void operator()(const std::byte*, std::byte*) noexcept override { note(MPI_Barrier(comm_.comm)); }
  void start(const std::byte*, std::byte*) noexcept override {
    note(MPI_Ibarrier(comm_.comm, requests_.data()));
  }

 private:
  CommView comm_;
};

/// Counts and displacements of one side, packed in rank order.
struct Packing {
  std::vector<int> counts, displacements;
  std::uint64_t total = 0;
  void add(std::uint64_t count) {
    counts.push_back(static_cast<int>(count));
    displacements.push_back(static_cast<int>(total));
    total += count;
  }
};

class AllToAllV final : public MpiLaunch {
 public:
  AllToAllV(const CommView& comm, const CollectiveCall& call)
      : MpiLaunch("MPI_Alltoallv", {"native", ""}), comm_(comm), type_(mpi_type(call.type)) {
    for (int peer = 0; peer < comm.size; ++peer) {
      send_.add((*call.counts)(comm.rank, peer));
      recv_.add((*call.counts)(peer, comm.rank));
    }
  }
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Alltoallv, send, recv));
  }
  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(carry_out(MPI_Ialltoallv, send, recv, requests_.data()));
  }

 private:
  template <class F, class... Request>
  int carry_out(F function, const std::byte* send, std::byte* recv, Request... request) noexcept {
    return function(send, send_.counts.data(), send_.displacements.data(), type_, recv,
                    recv_.counts.data(), recv_.displacements.data(), type_, comm_.comm, request...);
  }

  CommView comm_;
  MPI_Datatype type_;
  Packing send_, recv_;
};

}  // namespace

std::unique_ptr<MpiLaunch> make_movement(const CommView& comm, const CollectiveCall& call) {
  switch (call.collective) {
    case Collective::all_to_all:
      return std::make_unique<AllToAll>(comm, call);
    case Collective::all_to_all_v:
      // `count` is the largest total of any rank, so all ranks decide alike.
      if (call.count > max_count) return nullptr;
      return std::make_unique<AllToAllV>(comm, call);
    case Collective::all_gather:
      return std::make_unique<AllGather>(comm, call);
    case Collective::gather:
      return std::make_unique<Gather>(comm, call);
    case Collective::scatter:
      return std::make_unique<Scatter>(comm, call);
    case Collective::broadcast:
      return std::make_unique<Broadcast>(comm, call);
    case Collective::send_recv:
      return std::make_unique<SendRecv>(comm, call);
    case Collective::barrier:
      return std::make_unique<Barrier>(comm);
    default:
      return nullptr;
  }
}

}  // namespace assay::comm::mpi

#include "harness/comm/mpi_team.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace assay::comm::mpi {

namespace {

/// Calls `f(offset, length)` over [0, total) in pieces that fit MPI's int counts.
template <class F>
void in_pieces(std::size_t total, F f) {
  constexpr std::size_t piece = std::size_t{1} << 30;
  for (std::size_t at = 0; at < total; at += piece)
    f(at, static_cast<int>(std::min(piece, total - at)));
}

constexpr int gather_tag = 1, pair_tag = 2;

void send_bytes(std::span<const std::byte> bytes, int to, int tag, MPI_Comm comm) {
  in_pieces(bytes.size(), [&](std::size_t at, int length) {
    check(MPI_Send(bytes.data() + at, length, MPI_BYTE, to, tag, comm), "MPI_Send");
  });
}

void receive_bytes(std::span<std::byte> bytes, int from, int tag, MPI_Comm comm) {
  in_pieces(bytes.size(), [&](std::size_t at, int length) {
    check(MPI_Recv(bytes.data() + at, length, MPI_BYTE, from, tag, comm, MPI_STATUS_IGNORE),
          "MPI_Recv");
  });
}

}  // namespace

MpiTeam::MpiTeam(Comm comm) : comm_(std::move(comm)) {
  check(MPI_Comm_rank(comm_.get(), &rank_), "MPI_Comm_rank");
  check(MPI_Comm_size(comm_.get(), &size_), "MPI_Comm_size");
}

void MpiTeam::barrier() { check(MPI_Barrier(comm_.get()), "MPI_Barrier"); }

void MpiTeam::broadcast(std::span<std::byte> bytes, int root) {
  in_pieces(bytes.size(), [&](std::size_t at, int length) {
    check(MPI_Bcast(bytes.data() + at, length, MPI_BYTE, root, comm_.get()), "MPI_Bcast");
  });
}

std::vector<std::vector<std::byte>> MpiTeam::gather(std::span<const std::byte> bytes, int root) {
  const std::uint64_t mine = bytes.size();
  std::vector<std::uint64_t> sizes(rank_ == root ? static_cast<std::size_t>(size_) : 0);
  check(MPI_Gather(&mine, 1, MPI_UINT64_T, sizes.data(), 1, MPI_UINT64_T, root, comm_.get()),
        "MPI_Gather");
  // Point to point rather than MPI_Gatherv: its int displacements overflow at 2 GiB in all, and
  // nothing is timed here. The root takes one rank after the other, so memory is what arrives.
  if (rank_ != root) {
    send_bytes(bytes, root, gather_tag, comm_.get());
    return {};
  }
  std::vector<std::vector<std::byte>> parts(sizes.size());
  for (int r = 0; r < size_; ++r) {
    auto& part = parts[static_cast<std::size_t>(r)];
    if (r == root) {
      part.assign(bytes.begin(), bytes.end());
      continue;
    }
    part.resize(sizes[static_cast<std::size_t>(r)]);
    receive_bytes(part, r, gather_tag, comm_.get());
  }
  return parts;
}

void MpiTeam::max(std::span<double> values) {
  for (std::size_t at = 0; at < values.size(); at += std::size_t{1} << 20) {
    const auto length = static_cast<int>(std::min(values.size() - at, std::size_t{1} << 20));
    check(MPI_Allreduce(MPI_IN_PLACE, values.data() + at, length, MPI_DOUBLE, MPI_MAX, comm_.get()),
          "MPI_Allreduce");
  }
}

void MpiTeam::send(std::span<const std::byte> bytes, int to) {
  send_bytes(bytes, to, pair_tag, comm_.get());
}

void MpiTeam::receive(std::span<std::byte> bytes, int from) {
  receive_bytes(bytes, from, pair_tag, comm_.get());
}

std::unique_ptr<Team> MpiTeam::split(int color, int key) {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm_.get(), color < 0 ? MPI_UNDEFINED : color, key, &part),
        "MPI_Comm_split");
  if (part == MPI_COMM_NULL) return nullptr;
  Comm owner(part);
  check(MPI_Comm_set_errhandler(part, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  return std::make_unique<MpiTeam>(std::move(owner));
}

}  // namespace assay::comm::mpi

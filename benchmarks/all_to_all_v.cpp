// all_to_all_v: rank i sends counts[i][j] elements to rank j; blocks lie in rank order without
// gaps. c = max over ranks of max(elements sent, elements received).
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

namespace {

std::uint64_t at(const OracleCall& call, int from, int to) {
  return call.counts[static_cast<std::size_t>(from) * static_cast<std::size_t>(call.ranks) +
                     static_cast<std::size_t>(to)];
}

/// What `rank` sends to ranks below `end`, and receives from them.
std::uint64_t sent(const OracleCall& call, int rank, int end) {
  std::uint64_t sum = 0;
  for (int to = 0; to < end; ++to) sum += at(call, rank, to);
  return sum;
}
std::uint64_t received(const OracleCall& call, int rank, int end) {
  std::uint64_t sum = 0;
  for (int from = 0; from < end; ++from) sum += at(call, from, rank);
  return sum;
}

}  // namespace

const CollectiveSpec all_to_all_v_spec{
    .collective = Collective::all_to_all_v,
    .what = "every rank sends blocks of different sizes to every rank",
    .has_counts = true,
    .send_elements = [](const OracleCall& call, int rank) { return sent(call, rank, call.ranks); },
    .recv_elements = [](const OracleCall& call,
                        int rank) { return received(call, rank, call.ranks); },
    .count_for = extents::whole,
    .alg_elements = extents::alg_one,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = extents::per_rank,
    .expected =
        [](const OracleCall& call, int rank, int index) {
          return Piece{extents::moved(call, index), received(call, rank, index),
                       sent(call, index, rank), at(call, index, rank)};
        },
};

}  // namespace assay::benchmarks

// all_to_all: block i of rank r's buffer becomes block r of rank i's.
#include <algorithm>

#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

namespace {

std::uint64_t times_ranks(std::uint64_t count, int ranks) {
  return count * static_cast<std::uint64_t>(ranks);
}

}  // namespace

const CollectiveSpec all_to_all_spec{
    .collective = Collective::all_to_all,
    .what = "every rank sends a block of its own to every rank",
    .reduces = false,
    .has_in_place = false,
    .send_elements = times_ranks,
    .recv_elements = times_ranks,
    // A message that does not divide is rounded down; one too small to divide gives each peer one
    // element. The document holds requested and actual bytes.
    .count_for =
        [](std::uint64_t elements, int ranks) {
          const std::uint64_t least = elements == 0 ? 0 : 1;
          return std::max(elements / static_cast<std::uint64_t>(ranks), least);
        },
    .alg_elements = [](std::uint64_t count,
                       int n) { return static_cast<double>(count) * static_cast<double>(n); },
    .bus_factor = [](int n) { return static_cast<double>(n - 1) / n; },
    .input = [](const OracleCall& call,
                int rank) { return kernels::movement(call.type, rank, call.seed); },
    .pieces = [](int ranks) { return ranks; },
    .expected =
        [](const OracleCall& call, int rank, int index) {
          const auto block = static_cast<std::uint64_t>(index);
          return Piece{kernels::movement(call.type, index, call.seed), block * call.count,
                       static_cast<std::uint64_t>(rank) * call.count, call.count};
        },
};

}  // namespace assay::benchmarks

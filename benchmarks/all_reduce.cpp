// all_reduce: every rank gets the reduction of all ranks' buffers.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

namespace {

std::uint64_t same(std::uint64_t count, int) { return count; }

}  // namespace

const CollectiveSpec all_reduce_spec{
    .collective = Collective::all_reduce,
    .what = "every rank gets the reduction of all ranks' buffers",
    .reduces = true,
    .has_in_place = true,
    .send_elements = same,
    .recv_elements = same,
    .count_for = same,
    .alg_elements = [](std::uint64_t count, int) { return static_cast<double>(count); },
    .bus_factor = [](int n) { return 2.0 * (n - 1) / n; },
    .input =
        [](const OracleCall& call, int rank) {
          return kernels::contribution(call.type, call.op, call.ranks, rank, call.seed);
        },
    .pieces = [](int) { return 1; },
    .expected =
        [](const OracleCall& call, int, int) {
          return Piece{kernels::reduction(call.type, call.op, call.ranks, call.seed), 0, 0,
                       call.count};
        },
};

}  // namespace assay::benchmarks

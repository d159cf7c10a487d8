// scatter: rank r gets block r of the root's buffer. c = one block.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec scatter_spec{
    .collective = Collective::scatter,
    .what = "every rank gets its block of the root's buffer",
    .has_in_place = true,
    .rooted = true,
    .send_elements = extents::all_on_root,
    .recv_elements = extents::one,
    .count_for = extents::divided,
    .alg_elements = extents::alg_all,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = extents::single,
    .expected =
        [](const OracleCall& call, int rank, int) {
          // In place, the root's block stays where it was.
          const bool stays = call.in_place && rank == call.root;
          return Piece{extents::moved(call, call.root), stays ? extents::own_block(call, rank) : 0,
                       extents::own_block(call, rank), call.count};
        },
};

}  // namespace assay::benchmarks

// gather: the root gets the blocks of all ranks, in their order. c = one block.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec gather_spec{
    .collective = Collective::gather,
    .what = "the root gets the blocks of all ranks",
    .has_in_place = true,
    .rooted = true,
    .send_elements = extents::one,
    .recv_elements = extents::all_on_root,
    .in_place_input =
        [](const OracleCall& call, int rank) {
          return rank == call.root ? extents::own_block(call, rank) : 0;
        },
    .count_for = extents::divided,
    .alg_elements = extents::alg_all,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = [](const OracleCall& call, int rank) { return rank == call.root ? call.ranks : 0; },
    .expected = extents::gathered,
};

}  // namespace assay::benchmarks

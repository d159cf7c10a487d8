// all_gather: every rank gets the blocks of all ranks, in their order. c = one block.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec all_gather_spec{
    .collective = Collective::all_gather,
    .what = "every rank gets the blocks of all ranks",
    .has_in_place = true,
    .send_elements = extents::one,
    .recv_elements = extents::all,
    .in_place_input = extents::own_block,
    .count_for = extents::divided,
    .alg_elements = extents::alg_all,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = extents::per_rank,
    .expected = extents::gathered,
};

}  // namespace assay::benchmarks

// reduce_scatter: rank r gets block r of the reduction of all ranks' buffers. c = one block.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec reduce_scatter_spec{
    .collective = Collective::reduce_scatter,
    .what = "every rank gets its block of the reduction of all ranks' buffers",
    .has_in_place = true,
    .send_elements = extents::all,
    .recv_elements = extents::one,
    .count_for = extents::divided,
    .alg_elements = extents::alg_all,
    .bus_factor = extents::bus_share,
    .input = extents::contributed,
    .pieces = extents::single,
    .expected = [](const OracleCall& call, int rank,
                   int) { return extents::reduced(call, extents::own_block(call, rank)); },
};

}  // namespace assay::benchmarks

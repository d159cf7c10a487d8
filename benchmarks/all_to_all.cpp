// all_to_all: block i of rank r's buffer becomes block r of rank i's. c = one block.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec all_to_all_spec{
    .collective = Collective::all_to_all,
    .what = "every rank sends a block of its own to every rank",
    .send_elements = extents::all,
    .recv_elements = extents::all,
    .count_for = extents::divided,
    .alg_elements = extents::alg_all,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = extents::per_rank,
    .expected =
        [](const OracleCall& call, int rank, int index) {
          return Piece{extents::moved(call, index), extents::own_block(call, index),
                       extents::own_block(call, rank), call.count};
        },
};

}  // namespace assay::benchmarks

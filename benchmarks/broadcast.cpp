// broadcast: every rank gets the root's buffer. What the root's own receive buffer holds is left
// to the library (MPI has one buffer on the root), so it is not looked at.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec broadcast_spec{
    .collective = Collective::broadcast,
    .what = "every rank gets the root's buffer",
    .has_in_place = true,
    .rooted = true,
    .send_elements = extents::one_on_root,
    .recv_elements = extents::one,
    .count_for = extents::whole,
    .alg_elements = extents::alg_one_to_others,
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = [](const OracleCall& call, int rank) { return rank == call.root ? 0 : 1; },
    .expected =
        [](const OracleCall& call, int, int) {
          return Piece{extents::moved(call, call.root), 0, 0, call.count};
        },
};

}  // namespace assay::benchmarks

// send_recv: all ranks at once send to the next rank of a ring and receive from the one before.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec send_recv_spec{
    .collective = Collective::send_recv,
    .what = "every rank sends to the next one of a ring",
    .send_elements = extents::one,
    .recv_elements = extents::one,
    .count_for = extents::whole,
    .alg_elements = extents::alg_one,
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = extents::single,
    .expected =
        [](const OracleCall& call, int rank, int) {
          return Piece{extents::moved(call, (rank + call.ranks - 1) % call.ranks), 0, 0,
                       call.count};
        },
};

}  // namespace assay::benchmarks

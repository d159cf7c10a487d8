// all_to_all_v: rank i sends counts[i][j] elements to rank j; blocks lie in rank order without
// gaps. c = max over ranks of max(elements sent, elements received).
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec all_to_all_v_spec{
    .collective = Collective::all_to_all_v,
    .what =
        "every rank sends blocks of different sizes to every rank: counts=uniform, "
        "skewed:SEED or file:CSV",
    .has_counts = true,
    .send_elements = [](const OracleCall& call,
                        int rank) { return call.counts->sent(rank, call.ranks); },
    .recv_elements = [](const OracleCall& call,
                        int rank) { return call.counts->received(rank, call.ranks); },
    .count_for = extents::whole,
    .alg_elements = extents::alg_one,
    .bus_factor = extents::bus_share,
    .input = extents::moved,
    .pieces = extents::per_rank,
    .expected =
        [](const OracleCall& call, int rank, int index) {
          const auto& counts = *call.counts;
          return Piece{extents::moved(call, index), counts.received(rank, index),
                       counts.sent(index, rank), counts(index, rank)};
        },
};

}  // namespace assay::benchmarks

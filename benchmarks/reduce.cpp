// reduce: the root gets the reduction of all ranks' buffers.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec reduce_spec{
    .collective = Collective::reduce,
    .what = "the root gets the reduction of all ranks' buffers",
    .has_in_place = true,
    .rooted = true,
    .send_elements = extents::one,
    .recv_elements = extents::one_on_root,
    .count_for = extents::whole,
    .alg_elements = extents::alg_one,
    .bus_factor = extents::bus_all,
    .input = extents::contributed,
    .pieces = extents::single_on_root,
    .expected = [](const OracleCall& call, int, int) { return extents::reduced(call, 0); },
};

}  // namespace assay::benchmarks

// all_reduce: every rank gets the reduction of all ranks' buffers.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec all_reduce_spec{
    .collective = Collective::all_reduce,
    .what = "every rank gets the reduction of all ranks' buffers",
    .has_in_place = true,
    .send_elements = extents::one,
    .recv_elements = extents::one,
    .count_for = extents::whole,
    .alg_elements = extents::alg_one,
    .bus_factor = [](int n) { return 2.0 * (n - 1) / n; },
    .input = extents::contributed,
    .pieces = extents::single,
    .expected = [](const OracleCall& call, int, int) { return extents::reduced(call, 0); },
};

}  // namespace assay::benchmarks

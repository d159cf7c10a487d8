// hypercube: along every dimension of a hypercube of ranks, partners exchange all they have. In the
// end every rank has the blocks of all: an all_gather whose traffic crosses every dimension. c =
// one block. Needs a power of two ranks.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec hypercube_spec{
    .collective = Collective::hypercube,
    .what = "partners along every dimension of a hypercube exchange what they have",
    .in_libraries = false,
    .send_elements = extents::one,
    .recv_elements = extents::all,
    .count_for = extents::divided,
    .alg_elements =
        [](const OracleCall& call) { return static_cast<double>(call.count) * (call.ranks - 1); },
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = extents::per_rank,
    .expected = extents::gathered,
};

}  // namespace assay::benchmarks

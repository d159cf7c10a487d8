// barrier: no rank leaves before the last one has entered. Moves no data.
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

const CollectiveSpec barrier_spec{
    .collective = Collective::barrier,
    .what = "no rank leaves before the last one has entered",
    .moves_data = false,
    .send_elements = extents::none,
    .recv_elements = extents::none,
    .count_for = [](std::uint64_t, int) { return std::uint64_t{0}; },
    .alg_elements = extents::alg_one,
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = [](const OracleCall&, int) { return 0; },
    .expected = extents::gathered,
};

}  // namespace assay::benchmarks

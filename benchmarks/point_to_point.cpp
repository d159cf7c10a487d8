// Point-to-point patterns between the two ranks of a group. c = one message, W = the window: so
// many messages are under way at once. One launch of
//   ping_pong       a message there, and one of the same size back: two messages one after another
//   unidirectional  W messages from rank 0 to rank 1, and an empty one back when all have arrived
//   bidirectional   W messages each way at once
// (the patterns of osu_latency, osu_bw and osu_bibw; but here every message of a window has memory
// of its own).
#include "benchmarks/collective_spec.hpp"

namespace assay::benchmarks {

namespace {

std::uint64_t window(const OracleCall& call, int) { return call.count * call.window; }

double both_ways(const OracleCall& call) { return 2.0 * static_cast<double>(window(call, 0)); }

Piece from_the_other(const OracleCall& call, int rank, int) {
  return {extents::moved(call, 1 - rank), 0, 0, window(call, rank)};
}

}  // namespace

const CollectiveSpec ping_pong_spec{
    .collective = Collective::ping_pong,
    .what = "between two ranks: a message there and one back",
    .in_libraries = false,
    .between_two = true,
    .messages = 2,
    .send_elements = extents::one,
    .recv_elements = extents::one,
    .count_for = extents::whole,
    .alg_elements = both_ways,
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = extents::single,
    .expected = from_the_other,
};

const CollectiveSpec unidirectional_spec{
    .collective = Collective::unidirectional,
    .what = "between two ranks: a window of messages one way",
    .in_libraries = false,
    .between_two = true,
    .has_window = true,
    .send_elements = [](const OracleCall& call,
                        int rank) { return rank == 0 ? window(call, rank) : 0; },
    .recv_elements = [](const OracleCall& call,
                        int rank) { return rank == 1 ? window(call, rank) : 0; },
    .count_for = extents::whole,
    .alg_elements = [](const OracleCall& call) { return static_cast<double>(window(call, 0)); },
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = [](const OracleCall&, int rank) { return rank == 1 ? 1 : 0; },
    .expected = from_the_other,
};

const CollectiveSpec bidirectional_spec{
    .collective = Collective::bidirectional,
    .what = "between two ranks: a window of messages each way at once",
    .in_libraries = false,
    .between_two = true,
    .has_window = true,
    .send_elements = window,
    .recv_elements = window,
    .count_for = extents::whole,
    .alg_elements = both_ways,
    .bus_factor = extents::bus_all,
    .input = extents::moved,
    .pieces = extents::single,
    .expected = from_the_other,
};

}  // namespace assay::benchmarks

#include "harness/schedule/algorithms.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "harness/schedule/builds.hpp"

namespace assay::schedule {

namespace {

std::string_view never(int) { return {}; }

std::string_view unless_power_of_two(int ranks) {
  return std::has_single_bit(static_cast<unsigned>(ranks)) ? "" : "needs a power of two of ranks";
}

std::string_view unless_two(int ranks) { return ranks == 2 ? "" : "is between two ranks"; }

constexpr std::array<Algorithm, 21> table{{
    {Collective::all_reduce, "ring", "reduce_scatter, then all_gather along the ring, in segments",
     never, ring::all_reduce},
    {Collective::all_reduce, "recursive_doubling",
     "whole vectors with partners at distance 1, 2, 4, …; excess ranks fold in and out", never,
     doubling::all_reduce},
    {Collective::reduce_scatter, "ring", "partial sums travel the ring, in segments", never,
     ring::reduce_scatter},
    {Collective::reduce_scatter, "pairwise", "one exchange with every other rank in turn", never,
     pairwise::reduce_scatter},
    {Collective::all_gather, "ring", "blocks travel the ring", never, ring::all_gather},
    {Collective::all_gather, "recursive_doubling",
     "what is known doubles with partners at distance 1, 2, 4, …", unless_power_of_two,
     doubling::all_gather},
    {Collective::all_gather, "bruck", "what is known doubles, on any number of ranks; one rotation",
     never, bruck::all_gather},
    {Collective::all_to_all, "pairwise", "one exchange with every other rank in turn", never,
     pairwise::all_to_all},
    {Collective::all_to_all, "bruck", "log2 n messages of half of all blocks, with copies", never,
     bruck::all_to_all},
    {Collective::all_to_all_v, "pairwise", "one exchange with every other rank in turn", never,
     pairwise::all_to_all_v},
    {Collective::broadcast, "tree", "binomial tree, in segments", never, tree::broadcast},
    {Collective::broadcast, "ring", "from neighbour to neighbour, in segments", never,
     ring::broadcast},
    {Collective::reduce, "tree", "binomial tree, in segments", never, tree::reduce},
    {Collective::gather, "tree", "binomial tree", never, tree::gather},
    {Collective::scatter, "tree", "binomial tree", never, tree::scatter},
    {Collective::send_recv, "direct", "one message to the next rank, one from the previous", never,
     ring::send_recv},
    {Collective::hypercube, "recursive_doubling", "one dimension of the hypercube after the other",
     unless_power_of_two, doubling::all_gather},
    {Collective::barrier, "dissemination", "signals at distance 1, 2, 4, …", never,
     doubling::barrier},
    {Collective::ping_pong, "direct", "a message there, its answer back", unless_two,
     pair::ping_pong},
    {Collective::unidirectional, "direct", "a window of messages, then an empty one back",
     unless_two, pair::unidirectional},
    {Collective::bidirectional, "direct", "a window of messages each way", unless_two,
     pair::bidirectional},
}};

}  // namespace

std::span<const Algorithm> algorithms() { return table; }

const Algorithm* find_algorithm(Collective collective, std::string_view name) {
  const auto* row = std::find_if(table.begin(), table.end(), [&](const Algorithm& algorithm) {
    return algorithm.collective == collective && algorithm.name == name;
  });
  return row == table.end() ? nullptr : row;
}

}  // namespace assay::schedule

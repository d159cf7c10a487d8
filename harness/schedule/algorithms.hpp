// Named algorithms of collectives as schedules of send and receive. Pure: each call gives the
// schedule of one rank; the schedules of all ranks together carry the collective out.
//
// Sources: R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of Collective Communication
// Operations in MPICH", IJHPCA 19(1), 2005 (recursive doubling, ring, binomial tree, pairwise);
// J. Bruck, C.-T. Ho, S. Kipnis, D. Weathersby, "Efficient Algorithms for All-to-All
// Communications in Multiport Message-Passing Systems", IEEE TPDS 8(11), 1997 (Bruck);
// D. Hensgen, R. Finkel, U. Manber, "Two Algorithms for Barrier Synchronization", IJPP 17(1), 1988
// (dissemination).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "harness/core/collective.hpp"
#include "harness/core/pair_counts.hpp"
#include "harness/schedule/schedule.hpp"

namespace assay::schedule {

/// Elements. Where a message is reduced or passed on, it travels in segments of this size, so that
/// the next one is on its way meanwhile. 1 MiB of fp32: small enough for a core's cache, large
/// enough that the handshake of every segment does not count.
inline constexpr std::uint64_t default_segment = std::uint64_t{1} << 18;

/// A collective on a group, out of place. Elements of the send and receive buffer of each of n
/// ranks, c = count: all_reduce c, c; reduce_scatter n·c, c; all_gather and hypercube c, n·c;
/// all_to_all n·c, n·c; all_to_all_v sum of the rank's row, sum of its column, blocks in the order
/// of ranks without gaps; broadcast c on the root and 0 elsewhere, c (not written on the root);
/// reduce c, c on the root and 0 elsewhere; gather c, n·c on the root and 0 elsewhere; scatter n·c
/// on the root and 0 elsewhere, c; send_recv c to the next rank, c from the previous; barrier none;
/// ping_pong c, c; bidirectional window·c each; unidirectional window·c on rank 0 and 0 on rank 1,
/// and the other way round.
struct Shape {
  int ranks = 1;
  std::uint64_t count = 0;             ///< as passed to the library
  int root = 0;                        ///< rooted collectives
  const PairCounts* counts = nullptr;  ///< all_to_all_v
  std::uint64_t segment = default_segment;
  std::uint64_t window = 1;  ///< point-to-point: messages of `count` elements under way at once
};

struct Algorithm {
  Collective collective;
  std::string_view name;
  std::string_view what;
  /// Why it cannot run on so many ranks ("needs a power of two"); empty: it can.
  std::string_view (*refusal)(int ranks);
  Schedule (*build)(const Shape& shape, int rank);
};

/// The one table, in the order of the collectives.
std::span<const Algorithm> algorithms();
/// Null where the collective has no algorithm of that name.
const Algorithm* find_algorithm(Collective collective, std::string_view name);

}  // namespace assay::schedule

// The builders behind the table of algorithms, one namespace and file per family.
#pragma once

#include "harness/schedule/algorithms.hpp"

namespace assay::schedule {

/// Neighbours pass blocks on: n − 1 steps, each rank sends to the next one only.
namespace ring {
Schedule all_reduce(const Shape& shape, int rank);
Schedule reduce_scatter(const Shape& shape, int rank);
Schedule all_gather(const Shape& shape, int rank);
Schedule broadcast(const Shape& shape, int rank);
Schedule send_recv(const Shape& shape, int rank);
}  // namespace ring

/// Partners at distance 1, 2, 4, …
namespace doubling {
Schedule all_reduce(const Shape& shape, int rank);
Schedule all_gather(const Shape& shape, int rank);
/// Dissemination: any number of ranks, no data.
Schedule barrier(const Shape& shape, int rank);
}  // namespace doubling

/// Binomial trees rooted at shape.root.
namespace tree {
Schedule broadcast(const Shape& shape, int rank);
Schedule reduce(const Shape& shape, int rank);
Schedule gather(const Shape& shape, int rank);
Schedule scatter(const Shape& shape, int rank);
}  // namespace tree

/// ⌈log2 n⌉ messages for any n, at the price of copies.
namespace bruck {
Schedule all_gather(const Shape& shape, int rank);
Schedule all_to_all(const Shape& shape, int rank);
}  // namespace bruck

/// One exchange with every other rank, one after the other.
namespace pairwise {
Schedule reduce_scatter(const Shape& shape, int rank);
Schedule all_to_all(const Shape& shape, int rank);
Schedule all_to_all_v(const Shape& shape, int rank);
}  // namespace pairwise

/// Between the two ranks of a group.
namespace pair {
Schedule ping_pong(const Shape& shape, int rank);
Schedule unidirectional(const Shape& shape, int rank);
Schedule bidirectional(const Shape& shape, int rank);
}  // namespace pair

}  // namespace assay::schedule

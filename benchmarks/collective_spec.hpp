// The one table of collectives: extents, what is counted, and what must come out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "harness/core/collective.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/pair_counts.hpp"
#include "harness/core/reduce_op.hpp"
#include "kernels/pattern.hpp"

namespace assay::benchmarks {

/// A call as the oracle sees it.
struct OracleCall {
  DataType type = DataType::fp32;
  ReduceOp op = ReduceOp::sum;
  int ranks = 1;
  std::uint64_t count = 0;  ///< as passed to the library: see the collective's row
  int root = 0;             ///< rooted collectives
  bool in_place = false;    ///< one buffer of max(send, receive) elements
  std::uint64_t seed = 0;
  const PairCounts* counts = nullptr;  ///< all_to_all_v
  std::uint64_t window = 1;  ///< point-to-point: messages of `count` elements under way at once
};

/// A run of elements of one pattern: where it lies in the buffer and in the pattern's stream.
struct Piece {
  kernels::Pattern pattern;
  std::uint64_t at = 0;           ///< elements from the start of the buffer
  std::uint64_t first_index = 0;  ///< in the stream
  std::uint64_t count = 0;
};

/// A row of the table. Sizes are those of nccl-tests (doc/PERFORMANCE.md and its GetBw functions):
/// n ranks, c = count as passed to the library, w = bytes per element, t = seconds.
struct CollectiveSpec {
  Collective collective;
  std::string_view what;
  bool has_in_place = false;
  bool rooted = false;
  bool in_libraries = true;  ///< some library has it; else there are named algorithms only
  bool between_two = false;  ///< a point-to-point pattern: groups of two ranks
  bool has_window = false;
  bool has_counts = false;  ///< OracleCall::counts says who sends how much
  bool moves_data = true;
  double messages = 0;  ///< one after another in a launch: what a latency is of; 0: has none
  /// Elements in the send and in the receive buffer of a rank, out of place.
  std::uint64_t (*send_elements)(const OracleCall& call, int rank);
  std::uint64_t (*recv_elements)(const OracleCall& call, int rank);
  /// In place: the element of the one buffer at which this rank's input begins. Null: 0.
  std::uint64_t (*in_place_input)(const OracleCall& call, int rank) = nullptr;
  /// The count to pass so that max(send, receive) is as near to `elements` as the shape allows.
  std::uint64_t (*count_for)(std::uint64_t elements, int ranks);
  double (*alg_elements)(const OracleCall& call);  ///< algbw · t / w
  double (*bus_factor)(int ranks);                 ///< busbw / algbw; 0: undefined
  /// What `rank` sends (whoever is the root), and piece `index` < pieces of what it must receive.
  /// In place, a reduction's `at` is relative to where the library puts it.
  kernels::Pattern (*input)(const OracleCall& call, int rank);
  int (*pieces)(const OracleCall& call, int rank);
  Piece (*expected)(const OracleCall& call, int rank, int index);
};

/// All rows, in the order of `assay list`.
std::span<const CollectiveSpec* const> collective_specs();
const CollectiveSpec& spec_of(Collective collective);

/// Defined in the file of each collective.
extern const CollectiveSpec all_reduce_spec;
extern const CollectiveSpec reduce_scatter_spec;
extern const CollectiveSpec all_gather_spec;
extern const CollectiveSpec all_to_all_spec;
extern const CollectiveSpec all_to_all_v_spec;
extern const CollectiveSpec broadcast_spec;
extern const CollectiveSpec reduce_spec;
extern const CollectiveSpec gather_spec;
extern const CollectiveSpec scatter_spec;
extern const CollectiveSpec send_recv_spec;
extern const CollectiveSpec hypercube_spec;
extern const CollectiveSpec barrier_spec;
extern const CollectiveSpec ping_pong_spec;
extern const CollectiveSpec unidirectional_spec;
extern const CollectiveSpec bidirectional_spec;

// --- what several rows say alike ---

namespace extents {

inline std::uint64_t none(const OracleCall&, int) { return 0; }
inline std::uint64_t one(const OracleCall& call, int) { return call.count; }
inline std::uint64_t all(const OracleCall& call, int) {
  return call.count * static_cast<std::uint64_t>(call.ranks);
}
inline std::uint64_t one_on_root(const OracleCall& call, int rank) {
  return rank == call.root ? call.count : 0;
}
inline std::uint64_t all_on_root(const OracleCall& call, int rank) {
  return rank == call.root ? all(call, rank) : 0;
}
/// In place, a rank's own block lies where it belongs in the whole.
inline std::uint64_t own_block(const OracleCall& call, int rank) {
  return static_cast<std::uint64_t>(rank) * call.count;
}

inline std::uint64_t whole(std::uint64_t elements, int) { return elements; }
/// A message that does not divide is rounded down; one too small to divide gives each rank one
/// element. The document holds requested and actual bytes.
inline std::uint64_t divided(std::uint64_t elements, int ranks) {
  const std::uint64_t share = elements / static_cast<std::uint64_t>(ranks);
  return share == 0 && elements > 0 ? 1 : share;
}

inline double alg_one(const OracleCall& call) { return static_cast<double>(call.count); }
inline double alg_all(const OracleCall& call) {
  return static_cast<double>(call.count) * static_cast<double>(call.ranks);
}
/// One rank alone has the data already.
inline double alg_one_to_others(const OracleCall& call) {
  return call.ranks == 1 ? 0 : alg_one(call);
}
inline double bus_all(int) { return 1; }
/// The share of the message that leaves a rank.
inline double bus_share(int ranks) { return static_cast<double>(ranks - 1) / ranks; }

inline kernels::Pattern moved(const OracleCall& call, int rank) {
  return kernels::movement(call.type, rank, call.seed);
}
inline kernels::Pattern contributed(const OracleCall& call, int rank) {
  return kernels::contribution(call.type, call.op, call.ranks, rank, call.seed);
}
inline int single(const OracleCall&, int) { return 1; }
inline int single_on_root(const OracleCall& call, int rank) { return rank == call.root ? 1 : 0; }
inline int per_rank(const OracleCall& call, int) { return call.ranks; }
/// `count` elements of the reduction over all ranks, from element `first`.
inline Piece reduced(const OracleCall& call, std::uint64_t first) {
  return {kernels::reduction(call.type, call.op, call.ranks, call.seed), 0, first, call.count};
}
/// Block `index` of the whole is what rank `index` sent.
inline Piece gathered(const OracleCall& call, int, int index) {
  return {moved(call, index), own_block(call, index), 0, call.count};
}

}  // namespace extents

}  // namespace assay::benchmarks

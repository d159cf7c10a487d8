// The one table of collectives: extents, what is counted, and what must come out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "harness/core/collective.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"
#include "kernels/pattern.hpp"

namespace assay::benchmarks {

/// A call as the oracle sees it.
struct OracleCall {
  DataType type = DataType::fp32;
  ReduceOp op = ReduceOp::sum;
  int ranks = 1;
  std::uint64_t count = 0;  ///< as passed to the library: all_to_all per peer
  std::uint64_t seed = 0;
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
  bool reduces;
  bool has_in_place;
  /// Elements in the send and in the receive buffer of a rank.
  std::uint64_t (*send_elements)(std::uint64_t count, int ranks);
  std::uint64_t (*recv_elements)(std::uint64_t count, int ranks);
  /// The count to pass so that max(send, receive) is as near to `elements` as the shape allows.
  std::uint64_t (*count_for)(std::uint64_t elements, int ranks);
  double (*alg_elements)(std::uint64_t count, int ranks);  ///< algbw · t / w
  double (*bus_factor)(int ranks);                         ///< busbw / algbw; 0: undefined
  /// What `rank` sends, and piece `index` < pieces(ranks) of what it must receive.
  kernels::Pattern (*input)(const OracleCall& call, int rank);
  int (*pieces)(int ranks);
  Piece (*expected)(const OracleCall& call, int rank, int index);
};

const CollectiveSpec& spec_of(Collective collective);

/// Defined in the file of each collective.
extern const CollectiveSpec all_reduce_spec;
extern const CollectiveSpec all_to_all_spec;

}  // namespace assay::benchmarks

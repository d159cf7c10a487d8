// Data that proves itself: what every rank sends, and what every rank must receive, bit for bit.
//
// An element is table[nibble(seed, index)]: a stateless hash of the element's index picks one of
// sixteen values. A rank's contribution, the expected result of a reduction over n ranks, and the
// data moved by an all-to-all are all such tables; only the table differs. So one kernel fills,
// one kernel verifies, any slice can be made anywhere, and the oracle costs O(1) per element
// whatever the number of ranks: summing over ranks happens once, sixteen times, in the table.
//
// Floating sums are exact in any order: contributions are integers whose absolute sum over all
// ranks stays ≤ 2^significand, so every partial sum is representable. Where that many ranks cannot
// all be non-zero (fp8, bf16, fp16), a few per table entry are, spread by entry.
// Products: powers of two and one mantissa, every subset's exponent in range.
// Integers: sums never overflow, products are modulo 2^k. avg alone is compared with a tolerance in
// ULP.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"

namespace assay::kernels {

inline constexpr std::size_t pattern_entries = 16;

/// Sixteen elements of `type`, each in the low bytes of a 64-bit word (little endian).
struct Pattern {
  DataType type = DataType::fp32;
  std::array<std::uint64_t, pattern_entries> entries{};
  int tolerance_ulp = 0;  ///< 0: bit for bit
};

/// What `rank` of `ranks` contributes to a reduction. Pure; throws std::invalid_argument for a rank
/// out of range. Sums and averages: where a type is too narrow for all ranks to be non-zero at
/// once, up to 16 · 2^significand of them are in some entry (an eighth of that for avg, one of
/// fp8's, and for the avg of integers 16 · largest value / ranks), and the seed decides which.
Pattern contribution(DataType type, ReduceOp op, int ranks, int rank, std::uint64_t seed);
/// What the reduction over all `ranks` must give. O(16 · ranks), once per case.
Pattern reduction(DataType type, ReduceOp op, int ranks, std::uint64_t seed);
/// What `rank` sends in a collective that only moves data: full-entropy bits. Ranks less than
/// 2^bits apart never share an entry. Floating types lose one bit: the highest of the exponent is
/// zero, so that no load can meet a NaN or an infinity. Throws std::invalid_argument below rank 0.
Pattern movement(DataType type, int rank, std::uint64_t seed);

/// The entry that element `index` takes: nibble `index % 16` of hash(seed, index / 16).
std::size_t pattern_entry(std::uint64_t seed, std::uint64_t index);

}  // namespace assay::kernels

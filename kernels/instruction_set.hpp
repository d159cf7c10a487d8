// The seam between the public kernels and their implementations: one table of functions per
// instruction set. Translation units built for a newer CPU include nothing else of assay's, and
// keep all of their code in unnamed namespaces: an inline function with external linkage compiled
// there could be chosen by the linker for the whole program, and crash on an older CPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"

namespace assay::kernels {

/// Whole blocks of block_elements elements of one stream.
struct BlockRange {
  std::uint64_t origin = 0;  ///< stream_origin(seed)
  std::uint64_t first = 0;   ///< number of the first block
  std::size_t count = 0;     ///< blocks
};

/// `streaming` bypasses the caches and needs the output aligned to stream_alignment.
enum class Store { cached, streaming };
inline constexpr std::size_t stream_alignment = 64;

/// Blocks that matching() compares at once: its result is exact to this many.
inline constexpr std::size_t chunk_blocks = 64;

/// The functions that one element width needs.
struct PatternKernels {
  void (*fill)(void* out, const std::uint64_t* entries, BlockRange range, Store store) noexcept;
  /// How many leading blocks are equal to what fill() would write: range.count, or a multiple of
  /// chunk_blocks such that the chunk that follows holds a difference.
  std::size_t (*matching)(const void* data, const std::uint64_t* entries,
                          BlockRange range) noexcept;
};

struct InstructionSet {
  const char* name;
  PatternKernels by_width[4];  ///< elements of 1, 2, 4 and 8 bytes
  void (*reduce)(void* acc, const void* in, std::size_t count, DataType type, ReduceOp op) noexcept;
  void (*divide)(void* data, std::size_t count, DataType type, int divisor) noexcept;
  void (*copy)(double* b, const double* a, std::size_t count, Store store) noexcept;
  void (*triad)(double* a, const double* b, const double* c, double s, std::size_t count,
                Store store) noexcept;
};

extern const InstructionSet baseline_set;
extern const InstructionSet avx2_set;
extern const InstructionSet avx512_set;

/// A null-terminated list of what this CPU and operating system can run, best first.
const InstructionSet* const* instruction_sets() noexcept;

}  // namespace assay::kernels

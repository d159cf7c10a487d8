// The host kernels: fill, verify, copy, triad, reduce. Instruction set chosen at run time.
// All functions are local, allocate nothing and never throw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/pattern.hpp"

namespace assay::kernels {

/// Elements `first_index`, `first_index` + 1, … of the stream that `seed` names.
struct Slice {
  std::uint64_t seed = 0;
  std::uint64_t first_index = 0;
  std::size_t count = 0;  ///< elements
};

/// Writes `slice.count` elements of `pattern` to `out` (aligned to the element size).
void fill(void* out, const Pattern& pattern, Slice slice) noexcept;

struct Mismatch {
  std::uint64_t wrong = 0;  ///< elements that differ
  std::size_t first = 0;    ///< index into `data` of the first one; valid when wrong > 0
};

/// Compares `data` with what fill() would write, bit for bit or within pattern.tolerance_ulp.
Mismatch verify(const void* data, const Pattern& pattern, Slice slice) noexcept;

/// acc[i] = acc[i] op in[i]: the operator behind reductions that MPI lacks (fp8, fp16, bf16). avg
/// adds. fp8, fp16 and bf16 are combined in fp32 and rounded to nearest even, per pair; integers
/// wrap modulo 2^k. The bits are the same on every instruction set, but for which NaN a NaN is; min
/// and max keep `acc` where either is a NaN. `acc` and `in` do not overlap.
void reduce(void* acc, const void* in, std::size_t count, DataType type, ReduceOp op) noexcept;
/// data[i] = data[i] / divisor, divisor ≥ 1: the second half of avg. Floating quotients are rounded
/// to nearest even (fp8, fp16, bf16: exactly for divisors up to 2^24); integers truncate toward
/// zero.
void divide(void* data, std::size_t count, DataType type, int divisor) noexcept;

/// b[i] = a[i]; counts 16 bytes of work per element. Streaming stores where they pay.
void copy(double* b, const double* a, std::size_t count) noexcept;
/// a[i] = b[i] + s·c[i]; counts 24 bytes of work per element.
void triad(double* a, const double* b, const double* c, double s, std::size_t count) noexcept;

/// a[i] = value; counts 8 bytes of work per element.
void write(double* a, double value, std::size_t count) noexcept;
/// *bits ^= a[0] ^ a[1] ^ … of words of 8 bytes; counts 8 bytes of work per element.
void fold(std::uint64_t* bits, const void* a, std::size_t count) noexcept;

/// Rows of numbers without gaps.
struct Rows {
  std::size_t count = 0, width = 0;
  double scale = 1;  ///< of what goes into the exponential; positive
};

/// Of fp64, fp32, fp16 or bf16: each row becomes exp(scale·x) over the sum of these. Calculated in
/// fp64 for fp64, else in fp32.
void softmax(void* data, const Rows& rows, DataType type) noexcept;
/// From `data`, which softmax() gave, and the `gradient` of these to that of what was given to it.
void softmax_gradient(const void* data, void* gradient, const Rows& rows, DataType type) noexcept;

/// The instruction set in use: "avx512", "avx2", "baseline". Recorded in the fingerprint.
std::string_view instruction_set() noexcept;
/// For tests and micro benchmarks: uses `name` from now on; false if this CPU lacks it.
bool use_instruction_set(std::string_view name) noexcept;

}  // namespace assay::kernels

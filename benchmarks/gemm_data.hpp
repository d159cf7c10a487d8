// Matrices that look random and whose product is known without multiplying: every element of it,
// exactly.
//
// Columns of A come in pairs of equal ones, and the rows of B that meet them in pairs of opposite
// ones, so that their products cancel; but in every column of B one row is off its opposite by
// ±1, and there a single element of A is left over:
//
//   C[i, j] = ±A[i, left_over(j)]      and where k is odd, ± the last, unpaired element of row i.
//
// A row of C is thus a random draw from the row of A. An element that was loaded wrongly, left out
// or taken from elsewhere cancels nothing any more, and shows.
//
// The elements are whole numbers, from −largest to largest, hardly ever zero, each as likely: all
// of the fraction's bits (of fp64, 23) take part, and signs are random. That is no detail: what a
// multiplier draws depends on the bits that change, and GPUs slow down where they draw too much.
// On zeros, or on small numbers, they look faster than they are.
//
// All is exact in any type of sums. The equal columns stand `reach` apart, within blocks of
// 2·reach: the sum over consecutive rows, wherever it begins and ends, stays within twice
// reach·largest² and what is left over (below 2^53 for fp64, 2^24 for what is added in fp32, and
// 2^14 for fp8, of which tensor cores of Hopper keep fourteen bits), whatever k is.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/device/device.hpp"
#include "harness/device/gemm.hpp"

namespace assay::benchmarks {

class GemmData {
 public:
  GemmData(const device::GemmCall& call, std::uint64_t seed);

  /// Into memory of `device`. O(m·k) and O(k·n).
  void write_a(device::Device& device, std::byte* a) const;
  void write_b(device::Device& device, std::byte* b) const;
  double a(std::size_t row, std::size_t column) const;
  double b(std::size_t row, std::size_t column) const;
  /// Element of A·B.
  double expected(std::size_t row, std::size_t column) const;

 private:
  static constexpr std::size_t reach = 32;
  enum class Half { first, second, unpaired };
  struct Place {
    std::size_t pair;
    Half half;
  };
  /// What each column of B does to C.
  struct LeftOver {
    std::size_t pair = 0;
    int sign = 1, unpaired_sign = 1;
  };

  Place place_of(std::size_t l) const;
  std::int64_t a_at(std::size_t row, std::size_t pair) const;
  std::int64_t b_at(std::size_t pair, std::size_t column) const;

  device::GemmCall call_;
  std::uint64_t seed_a_, seed_b_;
  std::int64_t largest_;
  std::size_t pairs_;
  std::vector<LeftOver> left_over_;  ///< by column of B
};

/// What an element of `type` holds; of the floating types.
double element_value(DataType type, const std::byte* element);

}  // namespace assay::benchmarks

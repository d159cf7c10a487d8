// Gemm: a matrix product C = A·B, or C += A·B, or a batch of them, with everything but the matrices
// resolved before timing.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "harness/core/data_type.hpp"

namespace assay::device {

/// Of which elements a product is made, and how.
enum class GemmType { fp64, fp32, tf32, fp16, bf16, fp8_e4m3, fp16_fp32, bf16_fp32 };

struct GemmTypeInfo {
  GemmType type;
  std::string_view name;  ///< as dimension `type` has it
  DataType in, out;       ///< elements of A and B; of C
  bool on_host;           ///< whether the host's library has it
};

/// tf32: elements are fp32, of which the multipliers see ten bits of fraction; never taken where
/// fp32 is asked for. Sums are fp64 for fp64, else fp32; fp16_fp32 and bf16_fp32 give them as they
/// are, which is how gradients of weights are added up.
inline constexpr std::array<GemmTypeInfo, 8> gemm_types{{
    {GemmType::fp64, "fp64", DataType::fp64, DataType::fp64, true},
    {GemmType::fp32, "fp32", DataType::fp32, DataType::fp32, true},
    {GemmType::tf32, tf32_name, DataType::fp32, DataType::fp32, false},
    {GemmType::fp16, "fp16", DataType::fp16, DataType::fp16, false},
    {GemmType::bf16, "bf16", DataType::bf16, DataType::bf16, false},
    {GemmType::fp8_e4m3, "fp8_e4m3", DataType::fp8_e4m3, DataType::bf16, false},
    {GemmType::fp16_fp32, fp16_fp32_name, DataType::fp16, DataType::fp32, false},
    {GemmType::bf16_fp32, bf16_fp32_name, DataType::bf16, DataType::fp32, false},
}};

constexpr const GemmTypeInfo& info(GemmType type) {
  return gemm_types[static_cast<std::size_t>(type)];
}
constexpr std::optional<GemmType> gemm_type_from(std::string_view name) {
  for (const auto& row : gemm_types)
    if (row.name == name) return row.type;
  return std::nullopt;
}

/// Which elements of a matrix are neighbours in memory: those of a row, or those of a column.
enum class Stored { by_rows, by_columns };

/// From each product's matrices of a batch to the next one's, in elements.
struct BatchStrides {
  std::size_t a = 0, b = 0, c = 0;
  auto operator<=>(const BatchStrides&) const = default;
};

/// A is m × k, B k × n, C m × n and stored by rows; all without gaps.
struct GemmCall {
  GemmType type = GemmType::fp32;
  std::size_t m = 0, n = 0, k = 0;
  /// fp8_e4m3: tensor cores want A by rows and B by columns, and sizes that are multiples of 16.
  Stored a = Stored::by_rows, b = Stored::by_rows;
  std::size_t alignment = 64;  ///< every matrix begins at a multiple of so many bytes
  int threads = 1;             ///< of a host
  bool accumulate = false;     ///< C += A·B
  /// So many products; those of a GPU at the same time. What they read may be the same, but no two
  /// write the same.
  std::size_t batch = 1;
  BatchStrides strides{};  ///< where there are several
  auto operator<=>(const GemmCall&) const = default;
};

/// Of one device, which outlives it.
class Gemm {
 public:
  virtual ~Gemm() = default;
  /// In the order of the device's other work; on a GPU, only enqueued.
  virtual void launch(const std::byte* a, const std::byte* b, std::byte* c) noexcept = 0;
  /// Throws RunError if any launch so far could not be begun.
  virtual void check() const = 0;
  /// For the document: the library, and what it chose.
  virtual std::map<std::string, std::string> notes() const = 0;
};

}  // namespace assay::device

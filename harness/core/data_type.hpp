// Element types: one table. Names are those of nccl-tests' -d option with IEEE spellings first.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace assay {

enum class DataType {
  int8,
  uint8,
  int32,
  uint32,
  int64,
  uint64,
  fp8_e4m3,
  fp8_e5m2,
  fp16,
  bf16,
  fp32,
  fp64
};

struct DataTypeInfo {
  DataType type;
  std::string_view name;   ///< as it stands in every document
  std::string_view alias;  ///< nccl-tests' name, accepted as input
  std::size_t bytes;       ///< per element
  bool floating;
  int significand;  ///< bits, the hidden one included; 0 for integers
};

inline constexpr std::array<DataTypeInfo, 12> data_types{{
    {DataType::int8, "int8", "char", 1, false, 0},
    {DataType::uint8, "uint8", "uchar", 1, false, 0},
    {DataType::int32, "int32", "int", 4, false, 0},
    {DataType::uint32, "uint32", "uint", 4, false, 0},
    {DataType::int64, "int64", "long", 8, false, 0},
    {DataType::uint64, "uint64", "ulong", 8, false, 0},
    {DataType::fp8_e4m3, "fp8_e4m3", "f8e4m3", 1, true, 4},
    {DataType::fp8_e5m2, "fp8_e5m2", "f8e5m2", 1, true, 3},
    {DataType::fp16, "fp16", "half", 2, true, 11},
    {DataType::bf16, "bf16", "bfloat16", 2, true, 8},
    {DataType::fp32, "fp32", "float", 4, true, 24},
    {DataType::fp64, "fp64", "double", 8, true, 53},
}};

/// fp32 of which a matrix product sees ten bits of fraction: a way to multiply, no type of
/// elements.
inline constexpr std::string_view tf32_name = "tf32";
/// Matrices of the first type whose product is of the second: likewise.
inline constexpr std::string_view fp16_fp32_name = "fp16_fp32", bf16_fp32_name = "bf16_fp32";

constexpr bool is_way_to_multiply(std::string_view text) {
  return text == tf32_name || text == fp16_fp32_name || text == bf16_fp32_name;
}

constexpr const DataTypeInfo& info(DataType type) {
  return data_types[static_cast<std::size_t>(type)];
}
constexpr std::string_view name(DataType type) { return info(type).name; }
constexpr std::size_t size_of(DataType type) { return info(type).bytes; }

constexpr std::optional<DataType> data_type_from(std::string_view text) {
  for (const auto& row : data_types)
    if (row.name == text || row.alias == text) return row.type;
  return std::nullopt;
}

}  // namespace assay

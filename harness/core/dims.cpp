#include "harness/core/dims.hpp"

#include <fmt/format.h>

#include <charconv>

#include "harness/core/beside.hpp"
#include "harness/core/data_type.hpp"
#include "harness/core/error.hpp"
#include "harness/core/reduce_op.hpp"
#include "harness/core/traffic_matrix.hpp"
#include "harness/core/units.hpp"

namespace assay {
namespace {

std::int64_t parse_integer(std::string_view text, std::string_view where) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0)
    throw UsageError({std::string(where), fmt::format("'{}' is not a whole number ≥ 0", text),
                      "give a number such as 512"});
  return value;
}

bool parse_flag(std::string_view text, std::string_view where) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw UsageError(
      {std::string(where), fmt::format("'{}' is neither true nor false", text), "give one"});
}

/// Types are stored by their own name, however the input spells them.
std::string parse_type(std::string_view text, std::string_view where) {
  if (const auto type = data_type_from(text)) return std::string(name(*type));
  if (is_way_to_multiply(text)) return std::string(text);
  std::string names;
  for (const auto& row : data_types) names += (names.empty() ? "" : ", ") + std::string(row.name);
  throw UsageError({std::string(where), fmt::format("'{}' is no element type", text),
                    "expected one of " + names});
}

std::string parse_op(std::string_view text, std::string_view where) {
  if (reduce_op_from(text)) return std::string(text);
  throw UsageError({std::string(where), fmt::format("'{}' is no reduction", text),
                    fmt::format("expected one of {}", fmt::join(reduce_op_names, ", "))});
}

bool is_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && value <= 0x7fffffff;
}

std::string parse_root(std::string_view text, std::string_view where) {
  if (text == "all" || text == "rotating" || is_number(text)) return std::string(text);
  throw UsageError({std::string(where), fmt::format("'{}' is no root", text),
                    "expected a rank such as 0, all or rotating"});
}

std::string parse_counts(std::string_view text, std::string_view where) {
  constexpr std::string_view skewed = "skewed:";
  if (text == "uniform" || (text.starts_with(skewed) && is_number(text.substr(skewed.size()))))
    return std::string(text);
  if (text.starts_with(traffic_file) && text.size() > traffic_file.size()) return std::string(text);
  throw UsageError({std::string(where), fmt::format("'{}' says not who sends how much", text),
                    "expected uniform, skewed:SEED such as skewed:7, or file:CSV"});
}

std::string parse_peak(std::string_view text, std::string_view where) {
  if (text == "none") return std::string(text);
  const auto peak = parse_quantity(text, where);
  constexpr double least = 1e6, most = 1e21;
  if (peak.unit != Unit::flop_per_second || peak.value < least || peak.value > most)
    throw UsageError({std::string(where),
                      fmt::format("'{}' is no speed at which anything computes", text),
                      "write for example 989 TFLOP/s, or none"});
  return fmt::format("{} TFLOP/s", peak.value / 1e12);
}

template <typename T>
const T& typed(const Dims& dims, std::string_view name) {
  const auto at = dims.find(name);
  if (at == dims.end()) throw InternalError(fmt::format("a case has no dimension '{}'", name));
  if (const auto* value = std::get_if<T>(&at->second)) return *value;
  throw InternalError(fmt::format("dimension '{}' is of another kind", name));
}

}  // namespace

std::string format_dim(const DimValue& value, DimKind kind) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  const auto number = std::get<std::int64_t>(value);
  return kind == DimKind::bytes ? format_bytes(number) : fmt::format("{}", number);
}

std::uint64_t number_in(std::string_view digits) {
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

DimValue parse_dim(const DimInfo& dim, std::string_view text, std::string_view where) {
  switch (dim.kind) {
    case DimKind::integer:
      return parse_integer(text, where);
    case DimKind::bytes:
      return parse_bytes(text, where);
    case DimKind::flag:
      return parse_flag(text, where);
    case DimKind::text:
      break;
  }
  if (dim.name == "type") return parse_type(text, where);
  if (dim.name == "op") return parse_op(text, where);
  if (dim.name == "root") return parse_root(text, where);
  if (dim.name == "beside") return format_beside(parse_beside(text, where));
  if (dim.name == "counts") return parse_counts(text, where);
  if (dim.name == "peak") return parse_peak(text, where);
  return std::string(text);
}

const std::string& text_dim(const Dims& dims, std::string_view name) {
  return typed<std::string>(dims, name);
}
std::int64_t integer_dim(const Dims& dims, std::string_view name) {
  return typed<std::int64_t>(dims, name);
}
bool flag_dim(const Dims& dims, std::string_view name) { return typed<bool>(dims, name); }

}  // namespace assay

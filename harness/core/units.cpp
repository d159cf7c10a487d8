#include "harness/core/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <optional>

#include "harness/core/error.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 9> symbols{"",         "B", "s", "B/s", "FLOP/s",
                                                  "tokens/s", "W", "C", "Hz"};

struct Prefix {
  std::string_view text;
  double factor;
};
constexpr std::array<Prefix, 6> decimal{
    {{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18}}};
constexpr std::array<Prefix, 4> binary{
    {{"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30}, {"Ti", 0x1p40}}};
constexpr std::array<Prefix, 4> small{{{"n", 1e-9}, {"u", 1e-6}, {"µ", 1e-6}, {"m", 1e-3}}};

/// A number and what follows it, blanks removed.
struct Parts {
  double number;
  std::string_view digits;
  std::string_view rest;
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<Parts> split(std::string_view text) {
  text = trim(text);
  Parts parts{};
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, parts.number);
  if (error != std::errc() || !std::isfinite(parts.number) || text.front() == '-')
    return std::nullopt;
  parts.digits = text.substr(0, static_cast<std::size_t>(stop - text.data()));
  parts.rest = trim(text.substr(parts.digits.size()));
  return parts;
}

[[noreturn]] void refuse(std::string_view where, std::string what, std::string remedy) {
  throw UsageError({std::string(where), std::move(what), std::move(remedy)});
}

template <std::size_t n>
std::optional<double> factor_of(const std::array<Prefix, n>& table, std::string_view prefix) {
  for (const auto& row : table)
    if (row.text == prefix) return row.factor;
  return std::nullopt;
}

/// Factor of `prefix` before the symbol of `unit`; absent where that is not a unit.
std::optional<double> prefix_factor(std::string_view prefix, Unit unit) {
  if (prefix.empty()) return 1.0;
  if (unit == Unit::second) return factor_of(small, prefix);
  if (const auto factor = factor_of(decimal, prefix)) return factor;
  const bool bytes = unit == Unit::byte || unit == Unit::byte_per_second;
  return bytes ? factor_of(binary, prefix) : std::nullopt;
}

/// "GB/s" → 1e9 bytes per second.
std::optional<Quantity> scale_of(std::string_view text) {
  for (std::size_t i = 1; i < symbols.size(); ++i) {
    if (!text.ends_with(symbols[i])) continue;
    const auto unit = static_cast<Unit>(i);
    const auto prefix = text.substr(0, text.size() - symbols[i].size());
    if (const auto factor = prefix_factor(prefix, unit)) return Quantity{*factor, unit};
  }
  return std::nullopt;
}

constexpr std::string_view unit_examples =
    "write for example \"350 GB/s\", \"12.9 s\", \"40 us\", \"1GiB\" or \"794 TFLOP/s\"";
constexpr std::string_view size_examples =
    "write a whole number of bytes, for example \"8\", \"64KiB\" or \"100 MB\"";

/// `factor` × the number, exactly: a size must not lose a byte to rounding.
std::int64_t whole_bytes(const Parts& parts, double factor, std::string_view text,
                         std::string_view where) {
  constexpr auto limit = std::numeric_limits<std::int64_t>::max();
  const auto unit = static_cast<std::int64_t>(factor);
  std::int64_t whole = 0;
  const auto* end = parts.digits.data() + parts.digits.size();
  const auto [stop, error] = std::from_chars(parts.digits.data(), end, whole);
  if (error == std::errc() && stop == end && whole <= limit / unit) return whole * unit;
  const auto value = parts.number * factor;
  if (value >= 0x1p53)
    refuse(where, fmt::format("\"{}\" is too large a size", text), std::string(size_examples));
  if (value != std::floor(value))
    refuse(where, fmt::format("\"{}\" is not a whole number of bytes", text),
           std::string(size_examples));
  return static_cast<std::int64_t>(value);
}

/// Four significant digits of a value ≥ 0, in plain notation.
std::string four_digits(double value) {
  const int magnitude = value > 0 ? static_cast<int>(std::floor(std::log10(value))) : 0;
  auto text = fmt::format("{:.{}f}", value, magnitude >= 3 ? 0 : 3 - magnitude);
  // strtod, as std::stod throws for what is smaller than a normal double.
  // 9.9999 has become 10.000: one digit too many.
  const auto rounded = std::pow(10.0, magnitude + 1);
  if (value < rounded && magnitude < 3 && std::strtod(text.c_str(), nullptr) >= rounded)
    text = fmt::format("{:.{}f}", value, 2 - magnitude);
  return text;
}

struct Scale {
  std::string_view prefix;
  double factor;
};

/// The largest prefix that leaves at least one unit, after rounding to four digits.
Scale scale_for(double value, Unit unit) {
  constexpr std::array<Scale, 4> time{{{"n", 1e-9}, {"u", 1e-6}, {"m", 1e-3}, {"", 1}}};
  constexpr std::array<Scale, 7> rate{
      {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}, {"P", 1e15}, {"E", 1e18}}};
  if (unit == Unit::one) return {"", 1};
  auto best = unit == Unit::second ? time.front() : rate.front();
  const auto consider = [&](const Scale& scale) {
    if (value / scale.factor >= 0.99995) best = scale;
  };
  if (unit == Unit::second)
    for (const auto& scale : time) consider(scale);
  else
    for (const auto& scale : rate) consider(scale);
  return best;
}

}  // namespace

std::string_view symbol(Unit unit) { return symbols[static_cast<std::size_t>(unit)]; }

Unit unit_of_symbol(std::string_view symbol) {
  for (std::size_t i = 0; i < symbols.size(); ++i)
    if (symbols[i] == symbol) return static_cast<Unit>(i);
  refuse({}, fmt::format("'{}' is no base unit", symbol),
         "expected one of \"\", B, s, B/s, FLOP/s, tokens/s, W, C, Hz");
}

Quantity parse_quantity(std::string_view text, std::string_view where) {
  const auto parts = split(text);
  if (!parts)
    refuse(where, fmt::format("\"{}\" is not a quantity ≥ 0", text), std::string(unit_examples));
  if (parts->rest.empty())
    refuse(where, fmt::format("\"{}\" has no unit", text), std::string(unit_examples));
  const auto scale = scale_of(parts->rest);
  if (!scale)
    refuse(where, fmt::format("\"{}\" has the unknown unit '{}'", text, parts->rest),
           std::string(unit_examples));
  // Dividing by a power of ten is exact where multiplying by 1e-6 is not: 40 us is 4e-5 s.
  const auto value = scale->value < 1 ? parts->number / std::round(1 / scale->value)
                                      : parts->number * scale->value;
  if (!std::isfinite(value))
    refuse(where, fmt::format("\"{}\" is out of range", text), std::string(unit_examples));
  return {value, scale->unit};
}

std::int64_t parse_bytes(std::string_view text, std::string_view where) {
  const auto parts = split(text);
  if (!parts) refuse(where, fmt::format("\"{}\" is not a size", text), std::string(size_examples));
  if (parts->rest.empty()) return whole_bytes(*parts, 1, text, where);
  const auto scale = scale_of(parts->rest);
  if (!scale || scale->unit != Unit::byte)
    refuse(where, fmt::format("\"{}\" has '{}' where a unit of bytes belongs", text, parts->rest),
           std::string(size_examples));
  return whole_bytes(*parts, scale->value, text, where);
}

std::int64_t parse_bytes_option(std::string_view text, std::string_view where) {
  const auto parts = split(text);
  if (parts && parts->rest.size() == 1) {
    const auto letter = std::string_view("KMGTkmgt").find(parts->rest.front());
    if (letter != std::string_view::npos)
      return whole_bytes(*parts, binary[letter % binary.size()].factor, text, where);
  }
  return parse_bytes(text, where);
}

double parse_ratio(std::string_view text, std::string_view where) {
  const auto parts = split(text);
  if (!parts || (!parts->rest.empty() && parts->rest != "%"))
    refuse(where, fmt::format("\"{}\" is not a ratio", text), "write for example \"2%\" or 0.02");
  return parts->rest.empty() ? parts->number : parts->number / 100;
}

std::string format_quantity(double value, Unit unit) {
  const auto sign = value < 0 ? "-" : "";
  const auto size = std::abs(value);
  if (!std::isfinite(value)) return std::string(trim(fmt::format("{} {}", value, symbol(unit))));
  const auto scale = scale_for(size, unit);
  const auto digits = size == 0 ? std::string("0") : four_digits(size / scale.factor);
  return std::string(
      trim(fmt::format("{}{} {}{}", sign, digits, size == 0 ? "" : scale.prefix, symbol(unit))));
}

std::string format_bytes(std::int64_t bytes) {
  std::string_view prefix;
  auto count = bytes;
  for (const auto& row : binary) {
    const auto factor = static_cast<std::int64_t>(row.factor);
    if (bytes == 0 || bytes % factor != 0) break;
    prefix = row.text;
    count = bytes / factor;
  }
  return fmt::format("{} {}B", count, prefix);
}

}  // namespace assay

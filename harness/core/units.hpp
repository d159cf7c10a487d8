// Physical quantities as people write them ("350 GB/s", "12.9 s", "1GiB") and as assay computes
// with them (base units: bytes, seconds, bytes per second, FLOP/s, plain numbers).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

enum class Unit {
  one,
  byte,
  second,
  byte_per_second,
  flop_per_second,
  token_per_second,
  watt,
  celsius,
  hertz
};

struct Quantity {
  double value = 0;  ///< in the base unit
  Unit unit = Unit::one;
};

/// Symbol of the base unit: "", "B", "s", "B/s", "FLOP/s", "tokens/s", "W", "C", "Hz".
std::string_view symbol(Unit unit);
/// The inverse of symbol(); throws UsageError for an unknown symbol.
Unit unit_of_symbol(std::string_view symbol);

/// Parses "350 GB/s", "12.9 s", "40 us", "1GiB", "794 TFLOP/s". Decimal prefixes k M G T P are
/// powers of 1000; Ki Mi Gi Ti are powers of 1024. The unit is mandatory.
/// Throws UsageError naming the text; `where` goes into the sentence.
Quantity parse_quantity(std::string_view text, std::string_view where = {});

/// A message size: "8", "64KiB", "1GiB", "100 MB"; a bare number is bytes; must be a whole number
/// of bytes ≥ 0. Throws UsageError.
std::int64_t parse_bytes(std::string_view text, std::string_view where = {});

/// The same in the letters of nccl-tests: K, M and G are powers of 1024 ("1G" = 1 GiB); everything
/// parse_bytes accepts is accepted too. Throws UsageError.
std::int64_t parse_bytes_option(std::string_view text, std::string_view where = {});

/// A ratio given as "2%" or "0.02". Throws UsageError.
double parse_ratio(std::string_view text, std::string_view where = {});

/// For people: four significant digits with a decimal prefix: "371.2 GB/s", "12.90 s", "41.20 us".
std::string format_quantity(double value, Unit unit);

/// For people: "8 B", "64 KiB", "1 GiB"; falls back to plain bytes when not a power-of-two
/// multiple.
std::string format_bytes(std::int64_t bytes);

}  // namespace assay

#include "kernels/pattern.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/pattern_hash.hpp"

namespace assay::kernels {
namespace {

/// One table entry of one rank of a reduction.
struct Spot {
  DataType type;
  ReduceOp op;
  std::uint64_t ranks;
  std::uint64_t rank;
  std::uint64_t entry;
  std::uint64_t seed;
};

/// What a random draw is for: draws for different purposes are independent.
enum class Purpose : std::uint64_t { value = 1, sign, spread, band, mantissa_rank, movement };

constexpr std::uint64_t draw(std::uint64_t seed, Purpose purpose, std::uint64_t rank,
                             std::uint64_t entry) {
  const std::uint64_t key = mix(seed + static_cast<std::uint64_t>(purpose) * block_step);
  return mix(key ^ mix(rank * pattern_entries + entry));
}
constexpr std::uint64_t draw(const Spot& s, Purpose purpose) {
  return draw(s.seed, purpose, s.rank, s.entry);
}

constexpr int width_bits(DataType type) { return static_cast<int>(8 * size_of(type)); }
constexpr std::uint64_t low_bits(int bits) { return ~std::uint64_t{0} >> (64 - bits); }
constexpr bool is_signed(DataType type) {
  return type == DataType::int8 || type == DataType::int32 || type == DataType::int64;
}

/// `budget` units dealt to the ranks of one entry: every period-th rank is active, which ones
/// rotates with the entry, so that 16 · active ranks or all of them take part in some entry.
struct Share {
  bool active = false;
  std::uint64_t largest = 0;  ///< what an active rank may use, so that all stay within the budget
};

/// `least`: what an active rank needs, ≥ 1.
Share share(const Spot& s, std::uint64_t budget, std::uint64_t least) {
  const std::uint64_t can_be_active = std::max<std::uint64_t>(1, budget / least);
  const std::uint64_t period = (s.ranks + can_be_active - 1) / can_be_active;
  const std::uint64_t active = (s.ranks + period - 1) / period;
  const std::uint64_t offset = draw(s.seed, Purpose::spread, 0, 0) % period;
  return {.active = (s.rank + offset + s.entry) % period == 0, .largest = budget / active};
}

// ---- floating types: every value is exact as a double, and so is every reduction but avg --------

struct FloatFormat {
  int significand;       ///< bits, the hidden one included
  int largest_exponent;  ///< of a finite number in [1, 2) · 2^e; the smallest normal one is 1 −
                         ///< this
};

FloatFormat format(DataType type) {
  const int significand = info(type).significand;
  // e4m3 has numbers up to 448, but not all of those beyond 2^8.
  if (type == DataType::fp8_e4m3) return {significand, 7};
  if (type == DataType::fp16 || type == DataType::fp8_e5m2) return {significand, 15};
  if (type == DataType::fp64) return {significand, 1023};
  return {significand, 127};
}

/// `value` as the nearest element of `type`, ties to even. Exact unless it is an average.
std::uint64_t encode(DataType type, double value) {
  if (type == DataType::fp64) return std::bit_cast<std::uint64_t>(value);
  if (type == DataType::fp32) return std::bit_cast<std::uint32_t>(static_cast<float>(value));
  const FloatFormat f = format(type);
  const std::uint64_t sign = std::signbit(value) ? 1 : 0;
  const double magnitude = std::fabs(value);
  if (magnitude == 0.0) return sign << (width_bits(type) - 1);
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude < 2^exponent
  const int unit = std::max(exponent - 1, 1 - f.largest_exponent) - (f.significand - 1);
  const auto digits = static_cast<std::uint64_t>(std::nearbyint(std::ldexp(magnitude, -unit)));
  // Digits with the hidden bit add one to the exponent field, a carry out of rounding another one.
  const int field = unit + f.significand - 1 + f.largest_exponent - 1;
  const std::uint64_t bits = (static_cast<std::uint64_t>(field) << (f.significand - 1)) + digits;
  return bits | sign << (width_bits(type) - 1);
}

/// Integers whose absolute sum over all ranks stays below 2^significand, so that every partial sum
/// in any order is representable.
double sum_value(const Spot& s) {
  const Share mine = share(s, low_bits(format(s.type).significand), 1);
  if (!mine.active) return 0.0;
  const double magnitude = static_cast<double>(1 + draw(s, Purpose::value) % mine.largest);
  return draw(s, Purpose::sign) % 2 == 0 ? magnitude : -magnitude;
}

/// As a sum, but three bits shorter where there are so many, so that one unit more or less shifts
/// the average by four ULP: twice the tolerance. All ranks of an entry agree in sign, since
/// dividing before summing would lose ULPs to cancellation. Sign and scale make the entries differ
/// where few ranks are active.
double avg_value(const Spot& s) {
  const Share mine = share(s, low_bits(std::max(1, format(s.type).significand - 3)), 1);
  if (!mine.active) return 0.0;
  const double magnitude = static_cast<double>(1 + draw(s, Purpose::value) % mine.largest);
  const double scaled = std::ldexp(magnitude, static_cast<int>(s.entry / 2));
  return s.entry % 2 == 0 ? scaled : -scaled;
}

/// Powers of two, and one rank's mantissa. Exponents are dealt like the units of a sum, so that
/// those of any subset add up to a normal number. The others are ±1; each rank is negative in one
/// entry at least, so that a single missing one is seen.
double prod_value(const Spot& s) {
  const FloatFormat f = format(s.type);
  const auto budget = static_cast<std::uint64_t>(f.largest_exponent - 1);
  const Share mine = share(s, budget, 1);
  int exponent = 0;
  if (mine.active) {
    const std::uint64_t bits = draw(s, Purpose::value);
    exponent = static_cast<int>(1 + (bits >> 1) % std::min<std::uint64_t>(mine.largest, 16));
    if (bits % 2 == 0) exponent = -exponent;
  }
  double value = std::ldexp(1.0, exponent);
  if (s.rank == draw(s.seed, Purpose::mantissa_rank, 0, s.entry) % s.ranks) {
    const std::uint64_t fraction =
        draw(s.seed, Purpose::mantissa_rank, 1, s.entry) & low_bits(f.significand - 1);
    value += std::ldexp(static_cast<double>(fraction | 1), exponent - (f.significand - 1));
  }
  const bool negative = s.entry == s.rank % pattern_entries || draw(s, Purpose::sign) % 2 != 0;
  return negative ? -value : value;
}

/// A finite non-zero number. Each entry has its own sign and exponent, so that extremes over many
/// ranks, which all come near the end of their band, still differ between entries.
double extreme_value(const Spot& s) {
  const std::uint64_t band = s.entry ^ (draw(s.seed, Purpose::band, 0, 0) % pattern_entries);
  const int digits = format(s.type).significand - 1;
  const std::uint64_t fraction = draw(s, Purpose::value) & low_bits(digits);
  const auto exponent = static_cast<int>(band / 2) - 4;
  const double value =
      std::ldexp(static_cast<double>(fraction | std::uint64_t{1} << digits), exponent - digits);
  return band % 2 == 0 ? value : -value;
}

double float_value(const Spot& s) {
  switch (s.op) {
    case ReduceOp::sum:
      return sum_value(s);
    case ReduceOp::avg:
      return avg_value(s);
    case ReduceOp::prod:
      return prod_value(s);
    case ReduceOp::min:
    case ReduceOp::max:
      return extreme_value(s);
  }
  return 0.0;
}

double combine(ReduceOp op, double a, double b) {
  if (op == ReduceOp::prod) return a * b;
  if (op == ReduceOp::min) return std::min(a, b);
  if (op == ReduceOp::max) return std::max(a, b);
  return a + b;
}

std::uint64_t reduce_floats(Spot s) {
  s.rank = 0;
  double result = float_value(s);
  for (s.rank = 1; s.rank < s.ranks; ++s.rank) result = combine(s.op, result, float_value(s));
  // A quotient of two integers below 2^24 is never nearer than 2^-49 to a tie without being one,
  // so that rounding first to fp64 does no harm to the narrower types.
  if (s.op == ReduceOp::avg) result /= static_cast<double>(s.ranks);
  return encode(s.type, result);
}

// ---- integers: held in the low bits of a word; products modulo 2^k ------------------------------

/// Non-zero integers whose sum does not overflow: MPI leaves overflow undefined, and the vector
/// code of Open MPI 4.1 saturates 8-bit sums. For avg, each moves the truncated average by one at
/// least where the type has room for that (it has none when ranks outnumber its values).
std::uint64_t integer_sum_value(const Spot& s) {
  // 62 bits are plenty, and leave share() room to add ranks to them.
  const int value_bits = std::min(width_bits(s.type) - (is_signed(s.type) ? 1 : 0), 62);
  const std::uint64_t budget = low_bits(value_bits);
  const std::uint64_t least = s.op == ReduceOp::avg && budget >= s.ranks ? s.ranks : 1;
  const Share mine = share(s, budget, least);
  if (!mine.active) return 0;
  const std::uint64_t value = least + draw(s, Purpose::value) % (mine.largest - least + 1);
  return is_signed(s.type) && s.entry % 2 != 0 ? std::uint64_t{0} - value : value;
}

std::uint64_t integer_value(const Spot& s) {
  const int bits = width_bits(s.type);
  const std::uint64_t random = draw(s, Purpose::value);
  switch (s.op) {
    case ReduceOp::sum:
    case ReduceOp::avg:
      return integer_sum_value(s) & low_bits(bits);
    case ReduceOp::prod:
      return (random | 1) & low_bits(bits);  // odd: nothing is ever lost
    case ReduceOp::min:
    case ReduceOp::max:
      break;
  }
  // Each entry has its own upper four bits, for the same reason as in extreme_value().
  const std::uint64_t band = s.entry ^ (draw(s.seed, Purpose::band, 0, 0) % pattern_entries);
  return band << (bits - 4) | (random & low_bits(bits - 4));
}

/// The low bits of `word`, extended by their sign.
std::int64_t as_signed(std::uint64_t word, int bits) {
  return static_cast<std::int64_t>(word << (64 - bits)) >> (64 - bits);
}

bool less(DataType type, std::uint64_t a, std::uint64_t b) {
  if (!is_signed(type)) return a < b;
  return as_signed(a, width_bits(type)) < as_signed(b, width_bits(type));
}

std::uint64_t combine(const Spot& s, std::uint64_t a, std::uint64_t b) {
  if (s.op == ReduceOp::prod) return a * b;
  if (s.op == ReduceOp::min) return less(s.type, b, a) ? b : a;
  if (s.op == ReduceOp::max) return less(s.type, a, b) ? b : a;
  return a + b;
}

std::uint64_t reduce_integers(Spot s) {
  const int bits = width_bits(s.type);
  s.rank = 0;
  std::uint64_t result = integer_value(s);
  for (s.rank = 1; s.rank < s.ranks; ++s.rank) result = combine(s, result, integer_value(s));
  result &= low_bits(bits);
  if (s.op != ReduceOp::avg) return result;
  if (!is_signed(s.type)) return result / s.ranks;
  const std::int64_t average = as_signed(result, bits) / static_cast<std::int64_t>(s.ranks);
  return static_cast<std::uint64_t>(average) & low_bits(bits);
}

// ---- movement -----------------------------------------------------------------------------------

/// A bijection of `bits`-bit words that `key` chooses.
std::uint64_t scramble(std::uint64_t word, int bits, std::uint64_t key) {
  const std::uint64_t mask = low_bits(bits);
  const int half = (bits + 1) / 2;
  for (int round = 0; round < 3; ++round) {
    key = mix(key + block_step);
    word = ((word + key) * (mix(key) | 1)) & mask;
    word ^= word >> half;
  }
  return word;
}

/// The floating types lose one bit: the exponent's highest is zero, so that no load can meet a NaN
/// or an infinity.
std::uint64_t moved_word(DataType type, std::uint64_t rank, std::uint64_t key) {
  const int bits = width_bits(type);
  if (!info(type).floating) return scramble(rank, bits, key);
  const std::uint64_t word = scramble(rank, bits - 1, key);
  const std::uint64_t sign = word >> (bits - 2);
  return sign << (bits - 1) | (word & low_bits(bits - 2));
}

void require_rank(int rank, int ranks) {
  if (rank < 0 || rank >= ranks)
    throw std::invalid_argument("rank " + std::to_string(rank) + " of " + std::to_string(ranks) +
                                " ranks has no pattern");
}

Spot spot(DataType type, ReduceOp op, int ranks, int rank, std::uint64_t seed) {
  require_rank(rank, ranks);
  return {.type = type,
          .op = op,
          .ranks = static_cast<std::uint64_t>(ranks),
          .rank = static_cast<std::uint64_t>(rank),
          .entry = 0,
          .seed = seed};
}

int tolerance(DataType type, ReduceOp op) {
  return op == ReduceOp::avg && info(type).floating ? 2 : 0;
}

}  // namespace

Pattern contribution(DataType type, ReduceOp op, int ranks, int rank, std::uint64_t seed) {
  Spot s = spot(type, op, ranks, rank, seed);
  Pattern pattern{.type = type, .tolerance_ulp = 0};
  for (s.entry = 0; s.entry < pattern_entries; ++s.entry)
    pattern.entries[s.entry] =
        info(type).floating ? encode(type, float_value(s)) : integer_value(s);
  return pattern;
}

Pattern reduction(DataType type, ReduceOp op, int ranks, std::uint64_t seed) {
  Spot s = spot(type, op, ranks, 0, seed);
  Pattern pattern{.type = type, .tolerance_ulp = tolerance(type, op)};
  for (s.entry = 0; s.entry < pattern_entries; ++s.entry)
    pattern.entries[s.entry] = info(type).floating ? reduce_floats(s) : reduce_integers(s);
  return pattern;
}

Pattern movement(DataType type, int rank, std::uint64_t seed) {
  if (rank < 0) require_rank(rank, 0);
  Pattern pattern{.type = type, .tolerance_ulp = 0};
  for (std::uint64_t entry = 0; entry < pattern_entries; ++entry)
    pattern.entries[entry] =
        moved_word(type, static_cast<std::uint64_t>(rank), draw(seed, Purpose::movement, 0, entry));
  return pattern;
}

std::size_t pattern_entry(std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t hash = block_hash(stream_origin(seed), index / block_elements);
  return entry_of(hash, index % block_elements);
}

}  // namespace assay::kernels

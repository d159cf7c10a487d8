// AVX2 with F16C. Compiled with those flags; reached only through instruction_sets().
#include <immintrin.h>

#include "kernels/reduce_loops.hpp"
#include "kernels/simd_loops.hpp"

namespace assay::kernels {
namespace {

/// Byte `plane` of each of the sixteen entries, in both halves of a register.
__m256i byte_plane(const std::uint64_t* entries, std::size_t plane) {
  unsigned char bytes[block_elements];
  for (std::size_t i = 0; i < block_elements; ++i)
    bytes[i] = static_cast<unsigned char>(entries[i] >> (8 * plane));
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)));
}

/// 32-bit word `plane` of entries first … first + 7.
__m256i word_plane(const std::uint64_t* entries, std::size_t first, std::size_t plane) {
  std::uint32_t words[8];
  for (std::size_t i = 0; i < 8; ++i)
    words[i] = static_cast<std::uint32_t>(entries[first + i] >> (32 * plane));
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

/// Sixteen 32-bit words by the low four bits of each index.
struct WordTable {
  __m256i low, high;
  WordTable(const std::uint64_t* entries, std::size_t plane)
      : low(word_plane(entries, 0, plane)), high(word_plane(entries, 8, plane)) {}
  __m256i at(__m256i index) const {
    const __m256i in_high = _mm256_slli_epi32(index, 28);  // bit 3 decides, from the sign
    return _mm256_castps_si256(
        _mm256_blendv_ps(_mm256_castsi256_ps(_mm256_permutevar8x32_epi32(low, index)),
                         _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(high, index)),
                         _mm256_castsi256_ps(in_high)));
  }
};

/// Thirty-two nibbles, lowest first, as bytes.
__m256i nibbles(__m128i packed) {
  const __m256i pairs = _mm256_cvtepu8_epi16(packed);
  return _mm256_and_si256(_mm256_or_si256(pairs, _mm256_slli_epi16(pairs, 4)),
                          _mm256_set1_epi8(15));
}

__m128i load_two(const std::uint64_t* hashes) {
  return _mm_load_si128(reinterpret_cast<const __m128i*>(hashes));
}

template <std::size_t n>
struct Vectors {
  __m256i v[n];
};

template <std::size_t width>
struct Table256;

template <>
struct Table256<1> {
  static constexpr std::size_t blocks = 2, vectors = 1;
  __m256i table;
  explicit Table256(const std::uint64_t* entries) : table(byte_plane(entries, 0)) {}
  Vectors<1> expand(const std::uint64_t* hashes) const {
    return {{_mm256_shuffle_epi8(table, nibbles(load_two(hashes)))}};
  }
};

template <>
struct Table256<2> {
  static constexpr std::size_t blocks = 2, vectors = 2;
  __m256i low, high;
  explicit Table256(const std::uint64_t* entries)
      : low(byte_plane(entries, 0)), high(byte_plane(entries, 1)) {}
  Vectors<2> expand(const std::uint64_t* hashes) const {
    // Halves of the two hashes are swapped so that interleaving, which works on each half of a
    // register by itself, leaves the elements of one hash side by side.
    const __m256i index = nibbles(_mm_shuffle_epi32(load_two(hashes), 0b11'01'10'00));
    const __m256i l = _mm256_shuffle_epi8(low, index), h = _mm256_shuffle_epi8(high, index);
    return {{_mm256_unpacklo_epi8(l, h), _mm256_unpackhi_epi8(l, h)}};
  }
};

/// Eight indices, one per 32-bit lane, from half a hash. Lanes ignore what is above four bits.
__m256i spread(std::uint32_t half_hash, __m256i shifts) {
  return _mm256_srlv_epi32(_mm256_set1_epi32(static_cast<int>(half_hash)), shifts);
}

template <>
struct Table256<4> {
  static constexpr std::size_t blocks = 1, vectors = 2;
  WordTable table;
  explicit Table256(const std::uint64_t* entries) : table(entries, 0) {}
  Vectors<2> expand(const std::uint64_t* hashes) const {
    const __m256i shifts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
    return {{table.at(spread(static_cast<std::uint32_t>(*hashes), shifts)),
             table.at(spread(static_cast<std::uint32_t>(*hashes >> 32), shifts))}};
  }
};

template <>
struct Table256<8> {
  static constexpr std::size_t blocks = 1, vectors = 4;
  WordTable low, high;
  explicit Table256(const std::uint64_t* entries) : low(entries, 0), high(entries, 1) {}
  Vectors<4> expand(const std::uint64_t* hashes) const {
    // In the order that interleaving each half of a register sorts: 0 1 4 5 | 2 3 6 7.
    const __m256i shifts = _mm256_setr_epi32(0, 4, 16, 20, 8, 12, 24, 28);
    const __m256i first = spread(static_cast<std::uint32_t>(*hashes), shifts);
    const __m256i second = spread(static_cast<std::uint32_t>(*hashes >> 32), shifts);
    const __m256i l0 = low.at(first), h0 = high.at(first);
    const __m256i l1 = low.at(second), h1 = high.at(second);
    return {{_mm256_unpacklo_epi32(l0, h0), _mm256_unpackhi_epi32(l0, h0),
             _mm256_unpacklo_epi32(l1, h1), _mm256_unpackhi_epi32(l1, h1)}};
  }
};

struct Avx2 {
  using Vec = __m256i;
  static constexpr std::size_t vec_bytes = 32;
  template <std::size_t width>
  using Table = Table256<width>;

  static Vec zero() { return _mm256_setzero_si256(); }
  static Vec load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static void store(void* p, Vec v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static void stream(void* p, Vec v) { _mm256_stream_si256(static_cast<__m256i*>(p), v); }
  static void fence() { _mm_sfence(); }
  static Vec differ(Vec sum, Vec a, Vec b) { return _mm256_or_si256(sum, _mm256_xor_si256(a, b)); }
  static bool any(Vec sum) { return _mm256_testz_si256(sum, sum) == 0; }
  static Vec broadcast(double s) { return _mm256_castpd_si256(_mm256_set1_pd(s)); }
  static Vec triad(Vec b, Vec c, Vec s) {
    return _mm256_castpd_si256(_mm256_add_pd(
        _mm256_castsi256_pd(b), _mm256_mul_pd(_mm256_castsi256_pd(s), _mm256_castsi256_pd(c))));
  }
};

struct HalfF16c {
  using Stored = std::uint16_t;
  using Value = float;
  static constexpr bool vectors = true;
  static void widen(const std::uint16_t* in, float* out) {
    for (std::size_t i = 0; i < block_elements; i += 8)
      _mm256_storeu_ps(out + i,
                       _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i))));
  }
  static void narrow(const float* in, std::uint16_t* out) {
    for (std::size_t i = 0; i < block_elements; i += 8)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i),
                       _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  }
};

}  // namespace

constinit const InstructionSet avx2_set{
    .name = "avx2",
    .by_width = {PatternLoops<Avx2, 1>::kernels, PatternLoops<Avx2, 2>::kernels,
                 PatternLoops<Avx2, 4>::kernels, PatternLoops<Avx2, 8>::kernels},
    .reduce = ReduceLoops<HalfF16c>::reduce,
    .divide = ReduceLoops<HalfF16c>::divide,
    .copy = MemoryLoops<Avx2>::copy,
    .triad = MemoryLoops<Avx2>::triad,
};

}  // namespace assay::kernels

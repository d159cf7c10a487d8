// AVX-512 (F, BW, DQ, VL). Compiled with those flags; reached only through instruction_sets().
#include <immintrin.h>

#include "kernels/reduce_loops.hpp"
#include "kernels/simd_loops.hpp"

namespace assay::kernels {
namespace {

/// Sixteen entries of `width` bytes, `copies` times over.
template <std::size_t width, std::size_t copies>
struct Packed {
  alignas(64) unsigned char bytes[copies * block_elements * width];
  explicit Packed(const std::uint64_t* entries) {
    for (std::size_t i = 0; i < copies * block_elements; ++i)
      __builtin_memcpy(bytes + i * width, entries + i % block_elements, width);
  }
};

template <std::size_t n>
struct Vectors {
  __m512i v[n];
};

// Every lookup reads only the low bits of an index and ignores the rest. So a byte that holds two
// nibbles, widened to the size of two elements and or-ed with itself shifted by one element less a
// nibble, is two indices.
template <std::size_t width>
struct Table512;

template <>
struct Table512<1> {
  static constexpr std::size_t blocks = 4, vectors = 1;
  __m512i table;
  explicit Table512(const std::uint64_t* entries)
      : table(_mm512_load_si512(Packed<1, 4>(entries).bytes)) {}
  Vectors<1> expand(const std::uint64_t* hashes) const {
    const __m512i pairs =
        _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(hashes)));
    const __m512i index =
        _mm512_and_si512(_mm512_or_si512(pairs, _mm512_slli_epi16(pairs, 4)), _mm512_set1_epi8(15));
    return {{_mm512_shuffle_epi8(table, index)}};
  }
};

template <>
struct Table512<2> {
  static constexpr std::size_t blocks = 2, vectors = 1;
  __m512i table;  // twice: vpermw looks at five bits
  explicit Table512(const std::uint64_t* entries)
      : table(_mm512_load_si512(Packed<2, 2>(entries).bytes)) {}
  Vectors<1> expand(const std::uint64_t* hashes) const {
    const __m512i pairs =
        _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(hashes)));
    const __m512i index = _mm512_or_si512(pairs, _mm512_slli_epi32(pairs, 12));
    return {{_mm512_permutexvar_epi16(index, table)}};
  }
};

template <>
struct Table512<4> {
  static constexpr std::size_t blocks = 1, vectors = 1;
  __m512i table;
  explicit Table512(const std::uint64_t* entries)
      : table(_mm512_load_si512(Packed<4, 1>(entries).bytes)) {}
  Vectors<1> expand(const std::uint64_t* hashes) const {
    const __m512i pairs =
        _mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(hashes)));
    const __m512i index = _mm512_or_si512(pairs, _mm512_slli_epi64(pairs, 28));
    return {{_mm512_permutexvar_epi32(index, table)}};
  }
};

template <>
struct Table512<8> {
  static constexpr std::size_t blocks = 1, vectors = 2;
  __m512i low, high;
  explicit Table512(const std::uint64_t* entries)
      : low(_mm512_loadu_si512(entries)), high(_mm512_loadu_si512(entries + 8)) {}
  Vectors<2> expand(const std::uint64_t* hashes) const {
    const __m512i hash = _mm512_set1_epi64(static_cast<long long>(*hashes));
    const __m512i first = _mm512_srlv_epi64(hash, _mm512_setr_epi64(0, 4, 8, 12, 16, 20, 24, 28));
    const __m512i second =
        _mm512_srlv_epi64(hash, _mm512_setr_epi64(32, 36, 40, 44, 48, 52, 56, 60));
    return {{_mm512_permutex2var_epi64(low, first, high),
             _mm512_permutex2var_epi64(low, second, high)}};
  }
};

struct Avx512 {
  using Vec = __m512i;
  static constexpr std::size_t vec_bytes = 64;
  template <std::size_t width>
  using Table = Table512<width>;

  static Vec zero() { return _mm512_setzero_si512(); }
  static Vec load(const void* p) { return _mm512_loadu_si512(p); }
  static void store(void* p, Vec v) { _mm512_storeu_si512(p, v); }
  static void stream(void* p, Vec v) { _mm512_stream_si512(static_cast<__m512i*>(p), v); }
  static void fence() { _mm_sfence(); }
  static Vec differ(Vec sum, Vec a, Vec b) { return _mm512_or_si512(sum, _mm512_xor_si512(a, b)); }
  static bool any(Vec sum) { return _mm512_test_epi64_mask(sum, sum) != 0; }
  static Vec broadcast(double s) { return _mm512_castpd_si512(_mm512_set1_pd(s)); }
  static Vec triad(Vec b, Vec c, Vec s) {
    return _mm512_castpd_si512(_mm512_add_pd(
        _mm512_castsi512_pd(b), _mm512_mul_pd(_mm512_castsi512_pd(s), _mm512_castsi512_pd(c))));
  }
};

struct HalfAvx512 {
  using Stored = std::uint16_t;
  using Value = float;
  static constexpr bool vectors = true;
  static void widen(const std::uint16_t* in, float* out) {
    _mm512_storeu_ps(out,
                     _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(in))));
  }
  static void narrow(const float* in, std::uint16_t* out) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out),
                        _mm512_cvtps_ph(_mm512_loadu_ps(in), _MM_FROUND_TO_NEAREST_INT));
  }
};

}  // namespace

constinit const InstructionSet avx512_set{
    .name = "avx512",
    .by_width = {PatternLoops<Avx512, 1>::kernels, PatternLoops<Avx512, 2>::kernels,
                 PatternLoops<Avx512, 4>::kernels, PatternLoops<Avx512, 8>::kernels},
    .reduce = ReduceLoops<HalfAvx512>::reduce,
    .divide = ReduceLoops<HalfAvx512>::divide,
    .copy = MemoryLoops<Avx512>::copy,
    .triad = MemoryLoops<Avx512>::triad,
};

}  // namespace assay::kernels

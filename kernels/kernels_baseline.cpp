// Portable code: any CPU, and the reference that every other instruction set must equal.
#include "kernels/reduce_loops.hpp"

namespace assay::kernels {
namespace {

/// T is the unsigned integer of the element's width.
template <class T>
struct Baseline {
  struct Table {
    T entries[block_elements];
    explicit Table(const std::uint64_t* words) {
      for (std::size_t i = 0; i < block_elements; ++i) entries[i] = static_cast<T>(words[i]);
    }
  };

  static void fill(void* out, const std::uint64_t* entries, BlockRange range, Store) noexcept {
    const Table table(entries);
    T* element = static_cast<T*>(out);
    for (std::size_t block = 0; block < range.count; ++block) {
      const std::uint64_t hash = block_hash(range.origin, range.first + block);
      for (std::size_t i = 0; i < block_elements; ++i)
        *element++ = table.entries[entry_of(hash, i)];
    }
  }

  static std::size_t matching(const void* data, const std::uint64_t* entries,
                              BlockRange range) noexcept {
    const Table table(entries);
    const T* element = static_cast<const T*>(data);
    T differs = 0;
    for (std::size_t block = 0; block < range.count; ++block) {
      if (block % chunk_blocks == 0 && differs != 0) return block - chunk_blocks;
      const std::uint64_t hash = block_hash(range.origin, range.first + block);
      for (std::size_t i = 0; i < block_elements; ++i)
        differs = static_cast<T>(differs | (*element++ ^ table.entries[entry_of(hash, i)]));
    }
    return differs == 0 ? range.count : (range.count - 1) / chunk_blocks * chunk_blocks;
  }

  static constexpr PatternKernels kernels{fill, matching};
};

/// fp16 by integer arithmetic on the bits of fp32.
struct SoftHalf {
  static constexpr bool vectors = false;
  static float widen(std::uint16_t half) {
    const std::uint32_t magnitude = (half & 0x7fffu) << 13;
    const std::uint32_t sign = (half & 0x8000u) << 16;
    // The multiplication moves the exponent's bias, and makes subnormals normal.
    const float scaled = __builtin_bit_cast(float, magnitude) * 0x1p112f;
    const bool special = (half & 0x7c00u) == 0x7c00u;
    const std::uint32_t quiet = (half & 0x3ffu) != 0 ? 0x400000u : 0u;
    const std::uint32_t bits =
        special ? magnitude | 0x7f800000u | quiet : __builtin_bit_cast(std::uint32_t, scaled);
    return __builtin_bit_cast(float, bits | sign);
  }

  static std::uint16_t narrow(float value) {
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    const std::uint32_t odd = (magnitude >> 13) & 1u;
    const std::uint32_t normal = (magnitude - (112u << 23) + 0xfffu + odd) >> 13;
    // Below 2^-14 adding ½ leaves the rounded subnormal in the low bits.
    const float shifted = __builtin_bit_cast(float, magnitude) + 0.5f;
    const std::uint32_t subnormal =
        __builtin_bit_cast(std::uint32_t, shifted) - __builtin_bit_cast(std::uint32_t, 0.5f);
    std::uint32_t half = magnitude < 0x38800000u ? subnormal : normal;
    if (magnitude >= 0x47800000u) half = 0x7c00u;
    if (magnitude > 0x7f800000u) half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
    return static_cast<std::uint16_t>(half | ((bits >> 16) & 0x8000u));
  }
};

void plain_copy(double* b, const double* a, std::size_t count, Store) noexcept {
  if (count > 0) __builtin_memcpy(b, a, count * sizeof *b);
}

void plain_triad(double* a, const double* b, const double* c, double s, std::size_t count,
                 Store) noexcept {
  for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + s * c[i];
}

}  // namespace

constinit const InstructionSet baseline_set{
    .name = "baseline",
    .by_width = {Baseline<std::uint8_t>::kernels, Baseline<std::uint16_t>::kernels,
                 Baseline<std::uint32_t>::kernels, Baseline<std::uint64_t>::kernels},
    .reduce = ReduceLoops<SoftHalf>::reduce,
    .divide = ReduceLoops<SoftHalf>::divide,
    .copy = plain_copy,
    .triad = plain_triad,
};

}  // namespace assay::kernels

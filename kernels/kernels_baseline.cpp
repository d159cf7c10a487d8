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
    .reduce = ReduceLoops<Half>::reduce,
    .divide = ReduceLoops<Half>::divide,
    .copy = plain_copy,
    .triad = plain_triad,
};

}  // namespace assay::kernels

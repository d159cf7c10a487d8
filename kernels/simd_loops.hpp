// The loops over whole vectors, once, for every instruction set that has vectors. `Simd` gives
//   Vec                           a register, and vec_bytes
//   load, store, stream(p, Vec)   unaligned, unaligned, aligned and past the caches
//   fence()                       orders streamed stores before what follows
//   differ(sum, a, b), any(sum)   gathers differences; whether there were any
//   triad(b, c, s), broadcast(s)  on doubles
//   Table<width>                  the sixteen entries in registers:
//     blocks, vectors             hashes that one step takes, and registers that it gives
//     expand(hashes)              those registers, as Vectors { Vec v[vectors]; }
// Included by one translation unit per instruction set; everything has internal linkage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/instruction_set.hpp"
#include "kernels/pattern_hash.hpp"

namespace assay::kernels {
namespace {

/// The hashes of up to chunk_blocks blocks: a plain loop that the compiler vectorises.
struct Hashes {
  alignas(64) std::uint64_t word[chunk_blocks];
  Hashes(BlockRange range, std::size_t first) {
    const std::uint64_t block = range.first + first;
    for (std::size_t i = 0; i < chunk_blocks; ++i) word[i] = block_hash(range.origin, block + i);
  }
};

template <class Simd, std::size_t width>
struct PatternLoops {
  using Table = typename Simd::template Table<width>;
  using Vec = typename Simd::Vec;
  static constexpr std::size_t block_bytes = block_elements * width;

  template <Store kind>
  static void write(unsigned char* out, const Table& table, const std::uint64_t* hashes,
                    std::size_t blocks) {
    for (std::size_t b = 0; b < blocks; b += Table::blocks) {
      const auto step = table.expand(hashes + b);
      for (std::size_t k = 0; k < Table::vectors; ++k) {
        if constexpr (kind == Store::streaming)
          Simd::stream(out + b * block_bytes + k * Simd::vec_bytes, step.v[k]);
        else
          Simd::store(out + b * block_bytes + k * Simd::vec_bytes, step.v[k]);
      }
    }
  }

  template <Store kind>
  static void fill_all(unsigned char* out, const std::uint64_t* entries, BlockRange range) {
    const Table table(entries);
    std::size_t done = 0;
    for (; range.count - done >= chunk_blocks; done += chunk_blocks)
      write<kind>(out + done * block_bytes, table, Hashes(range, done).word, chunk_blocks);
    const std::size_t rest = range.count - done;
    const std::size_t steps = rest - rest % Table::blocks;
    const Hashes hashes(range, done);
    write<kind>(out + done * block_bytes, table, hashes.word, steps);
    if (steps < rest) {  // fewer blocks than one step gives: through a buffer
      alignas(64) unsigned char last[Table::blocks * block_bytes];
      write<Store::cached>(last, table, hashes.word + steps, Table::blocks);
      __builtin_memcpy(out + (done + steps) * block_bytes, last, (rest - steps) * block_bytes);
    }
    if constexpr (kind == Store::streaming) Simd::fence();
  }

  static void fill(void* out, const std::uint64_t* entries, BlockRange range,
                   Store store) noexcept {
    if (store == Store::streaming)
      fill_all<Store::streaming>(static_cast<unsigned char*>(out), entries, range);
    else
      fill_all<Store::cached>(static_cast<unsigned char*>(out), entries, range);
  }

  static bool equal(const unsigned char* data, const Table& table, const std::uint64_t* hashes,
                    std::size_t blocks) {
    Vec sum = Simd::zero();
    for (std::size_t b = 0; b < blocks; b += Table::blocks) {
      const auto step = table.expand(hashes + b);
      for (std::size_t k = 0; k < Table::vectors; ++k)
        sum =
            Simd::differ(sum, Simd::load(data + b * block_bytes + k * Simd::vec_bytes), step.v[k]);
    }
    return !Simd::any(sum);
  }

  static std::size_t matching(const void* data, const std::uint64_t* entries,
                              BlockRange range) noexcept {
    const auto* bytes = static_cast<const unsigned char*>(data);
    const Table table(entries);
    std::size_t done = 0;
    for (; range.count - done >= chunk_blocks; done += chunk_blocks)
      if (!equal(bytes + done * block_bytes, table, Hashes(range, done).word, chunk_blocks))
        return done;
    const std::size_t rest = range.count - done;
    if (rest == 0) return done;
    alignas(64) unsigned char expected[chunk_blocks * block_bytes];
    write<Store::cached>(expected, table, Hashes(range, done).word, chunk_blocks);
    const bool same =
        __builtin_memcmp(bytes + done * block_bytes, expected, rest * block_bytes) == 0;
    return same ? range.count : done;
  }

  static constexpr PatternKernels kernels{fill, matching};
};

template <class Simd>
struct MemoryLoops {
  static constexpr std::size_t lanes = Simd::vec_bytes / sizeof(double);

  template <Store kind>
  static void put(double* out, typename Simd::Vec value) {
    if constexpr (kind == Store::streaming)
      Simd::stream(out, value);
    else
      Simd::store(out, value);
  }

  template <Store kind>
  static void copy_all(double* b, const double* a, std::size_t count) {
    std::size_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes)
      for (std::size_t k = 0; k < 4; ++k)
        put<kind>(b + i + k * lanes, Simd::load(a + i + k * lanes));
    for (; i < count; ++i) b[i] = a[i];
    if constexpr (kind == Store::streaming) Simd::fence();
  }

  static void copy(double* b, const double* a, std::size_t count, Store store) noexcept {
    store == Store::streaming ? copy_all<Store::streaming>(b, a, count)
                              : copy_all<Store::cached>(b, a, count);
  }

  template <Store kind>
  static void triad_all(double* a, const double* b, const double* c, double s, std::size_t count) {
    const typename Simd::Vec factor = Simd::broadcast(s);
    std::size_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes)
      for (std::size_t k = 0; k < 4; ++k)
        put<kind>(a + i + k * lanes, Simd::triad(Simd::load(b + i + k * lanes),
                                                 Simd::load(c + i + k * lanes), factor));
    for (; i < count; ++i) a[i] = b[i] + s * c[i];
    if constexpr (kind == Store::streaming) Simd::fence();
  }

  static void triad(double* a, const double* b, const double* c, double s, std::size_t count,
                    Store store) noexcept {
    store == Store::streaming ? triad_all<Store::streaming>(a, b, c, s, count)
                              : triad_all<Store::cached>(a, b, c, s, count);
  }
};

}  // namespace
}  // namespace assay::kernels

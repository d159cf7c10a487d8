// The kernels as one thread of a grid sees them: which elements are its own, and what it does to
// them. A GPU runs a body in every thread; a test runs it for one thread after the other. Memory is
// touched 16 bytes at a time, a grid apart, but for the elements before and behind whole chunks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/element.hpp"
#include "kernels/findings.hpp"
#include "kernels/pattern_hash.hpp"
#include "kernels/tolerance.hpp"

namespace assay::kernels {
namespace {

/// One thread of all.
struct Place {
  std::size_t thread = 0, threads = 1;
};

inline constexpr std::size_t chunk_bytes = 16;

/// Moved by one instruction.
template <class T>
struct alignas(chunk_bytes) Chunk {
  static constexpr std::size_t lanes = chunk_bytes / sizeof(T);
  T lane[lanes];

  ASSAY_HOST_DEVICE static const Chunk& at(const T* p) {
    return *reinterpret_cast<const Chunk*>(p);
  }
  ASSAY_HOST_DEVICE static Chunk& at(T* p) { return *reinterpret_cast<Chunk*>(p); }

  /// Compares bits, in two steps whatever the type.
  ASSAY_HOST_DEVICE bool same_bits(const Chunk& other) const {
    const auto mine = __builtin_bit_cast(Words, *this), theirs = __builtin_bit_cast(Words, other);
    return mine.word[0] == theirs.word[0] && mine.word[1] == theirs.word[1];
  }

 private:
  struct Words {
    std::uint64_t word[2];
  };
};

ASSAY_HOST_DEVICE inline std::size_t past_chunk(const void* p) {
  return reinterpret_cast<std::uintptr_t>(p) % chunk_bytes;
}

/// `count` elements from an address on: [head | whole chunks | tail].
template <class T>
struct Split {
  std::size_t head = 0, chunks = 0, tail = 0;

  ASSAY_HOST_DEVICE Split(const T* begin, std::size_t count) {
    const std::size_t past = past_chunk(begin);
    head = past == 0 ? 0 : (chunk_bytes - past) / sizeof(T);
    if (head > count) head = count;
    chunks = (count - head) / Chunk<T>::lanes;
    tail = count - head - chunks * Chunk<T>::lanes;
  }
  /// No chunk at all: for arrays that are aligned differently.
  ASSAY_HOST_DEVICE explicit Split(std::size_t count) : head(count) {}

  /// whole(i) for each of the thread's chunks, single(i) for its other elements; i is an index.
  template <class Whole, class Single>
  ASSAY_HOST_DEVICE void share(Place place, Whole whole, Single single) const {
    for (std::size_t chunk = place.thread; chunk < chunks; chunk += place.threads)
      whole(head + chunk * Chunk<T>::lanes);
    for (std::size_t i = place.thread; i < head + tail; i += place.threads)
      single(i < head ? i : i + chunks * Chunk<T>::lanes);
  }
  /// What there is to share: no more threads than this are of use.
  std::size_t units() const { return chunks > head + tail ? chunks : head + tail; }
};

/// Elements of a pattern as they lie in memory. T is the unsigned integer of their width.
template <class T>
struct Stretch {
  std::uint64_t origin = 0;  ///< stream_origin(seed)
  std::uint64_t first = 0;   ///< index in the stream
  std::size_t count = 0;

  ASSAY_HOST_DEVICE Chunk<T> chunk(std::size_t i, const T* table) const {
    const std::uint64_t nibbles = nibbles_from(origin, first + i, Chunk<T>::lanes);
    Chunk<T> made;
    for (std::size_t k = 0; k < Chunk<T>::lanes; ++k) made.lane[k] = table[entry_of(nibbles, k)];
    return made;
  }
  ASSAY_HOST_DEVICE T element(std::size_t i, const T* table) const {
    return table[entry_of(nibbles_from(origin, first + i, 1), 0)];
  }
};

template <class T>
struct Fill {
  T* out;
  Stretch<T> stretch;

  ASSAY_HOST_DEVICE void operator()(Place place, const T* table) const {
    Split<T>(out, stretch.count)
        .share(
            place, [&](std::size_t i) { Chunk<T>::at(out + i) = stretch.chunk(i, table); },
            [&](std::size_t i) { out[i] = stretch.element(i, table); });
  }
};

template <class T>
struct Verify {
  const T* data;
  Stretch<T> stretch;
  Tolerance tolerance;

  ASSAY_HOST_DEVICE Findings operator()(Place place, const T* table) const {
    Findings found;
    const auto compare = [&](std::size_t i) {
      if (tolerance.accepts(data[i], stretch.element(i, table))) return;
      ++found.wrong;
      if (stretch.count - i > found.left) found.left = stretch.count - i;
    };
    Split<T>(data, stretch.count)
        .share(
            place,
            [&](std::size_t i) {
              if (Chunk<T>::at(data + i).same_bits(stretch.chunk(i, table))) return;
              for (std::size_t k = 0; k < Chunk<T>::lanes; ++k) compare(i + k);
            },
            compare);
    return found;
  }
};

/// data[i] = operation(data[i], in[i]), calculated in the format's own type.
template <class Format, class Operation>
struct Combine {
  using T = typename Format::Stored;
  T* data;
  const T* in;
  std::size_t count;
  Operation operation;

  ASSAY_HOST_DEVICE Split<T> split() const {
    return past_chunk(data) == past_chunk(in) ? Split<T>(data, count) : Split<T>(count);
  }
  ASSAY_HOST_DEVICE T combined(T a, T b) const {
    return Format::narrow(operation(Format::widen(a), Format::widen(b)));
  }
  ASSAY_HOST_DEVICE void operator()(Place place) const {
    split().share(
        place,
        [&](std::size_t i) {
          Chunk<T> a = Chunk<T>::at(data + i);
          const Chunk<T> b = Chunk<T>::at(in + i);
          for (std::size_t k = 0; k < Chunk<T>::lanes; ++k)
            a.lane[k] = combined(a.lane[k], b.lane[k]);
          Chunk<T>::at(data + i) = a;
        },
        [&](std::size_t i) { data[i] = combined(data[i], in[i]); });
  }
};

/// The operation of Combine for reductions.
template <class Op>
struct Apply {
  template <class Value>
  ASSAY_HOST_DEVICE constexpr Value operator()(Value a, Value b) const {
    return Op::apply(a, b);
  }
};

/// The operation of Combine for the second half of avg.
template <class Format>
struct Divide {
  using Value = typename Format::Value;
  typename Quotient<Format>::Wide divisor;
  ASSAY_HOST_DEVICE constexpr Value operator()(Value a, Value) const {
    return Quotient<Format>::of(a, divisor);
  }
};

/// b[i] = a[i]. Both begin a chunk.
struct Copy {
  double* b;
  const double* a;
  std::size_t count;
  ASSAY_HOST_DEVICE Split<double> split() const { return {b, count}; }
  ASSAY_HOST_DEVICE void operator()(Place place) const {
    split().share(
        place, [&](std::size_t i) { Chunk<double>::at(b + i) = Chunk<double>::at(a + i); },
        [&](std::size_t i) { b[i] = a[i]; });
  }
};

/// a[i] = b[i] + s·c[i]. All three begin a chunk.
struct Triad {
  double* a;
  const double* b;
  const double* c;
  double s;
  std::size_t count;
  ASSAY_HOST_DEVICE Split<double> split() const { return {a, count}; }
  ASSAY_HOST_DEVICE void operator()(Place place) const {
    split().share(
        place,
        [&](std::size_t i) {
          const Chunk<double> x = Chunk<double>::at(b + i), y = Chunk<double>::at(c + i);
          Chunk<double>::at(a + i) = {{x.lane[0] + s * y.lane[0], x.lane[1] + s * y.lane[1]}};
        },
        [&](std::size_t i) { a[i] = b[i] + s * c[i]; });
  }
};

/// a[i] = value. It begins a chunk.
struct Write {
  double* a;
  double value;
  std::size_t count;
  ASSAY_HOST_DEVICE Split<double> split() const { return {a, count}; }
  ASSAY_HOST_DEVICE void operator()(Place place) const {
    split().share(
        place,
        [&](std::size_t i) {
          Chunk<double>::at(a + i) = {{value, value}};
        },
        [&](std::size_t i) { a[i] = value; });
  }
};

/// Exclusive or of the bits of all elements, which begin a chunk: of the thread's own.
struct Fold {
  const std::uint64_t* a;
  std::size_t count;
  ASSAY_HOST_DEVICE Split<std::uint64_t> split() const { return {a, count}; }
  ASSAY_HOST_DEVICE std::uint64_t operator()(Place place) const {
    std::uint64_t bits = 0;
    split().share(
        place,
        [&](std::size_t i) {
          const Chunk<std::uint64_t> both = Chunk<std::uint64_t>::at(a + i);
          bits ^= both.lane[0] ^ both.lane[1];
        },
        [&](std::size_t i) { bits ^= a[i]; });
    return bits;
  }
};

}  // namespace
}  // namespace assay::kernels

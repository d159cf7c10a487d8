// From the public kernels' arguments to a body of grid.hpp, once for whoever launches one. A
// `Launcher` gives
//   run(body, units)                  void operator()(Place)
//   run_fill(body, table, units)      void operator()(Place, const T* table)
//   run_verify(body, table, units)    Findings operator()(Place, const T* table)
// with as many threads as it likes; its results, all of one type, are handed on.
#pragma once

#include "kernels/grid.hpp"
#include "kernels/kernels.hpp"

namespace assay::kernels {
namespace {

/// The sixteen entries of a pattern in their own width.
template <class T>
struct Table {
  T entry[pattern_entries];
  explicit Table(const Pattern& pattern) {
    for (std::size_t i = 0; i < pattern_entries; ++i) entry[i] = static_cast<T>(pattern.entries[i]);
  }
};

/// Calls `f` with a zero of the unsigned integer of `width` bytes.
template <class F>
auto with_word(std::size_t width, F f) {
  switch (width) {
    case 1:
      return f(std::uint8_t{});
    case 2:
      return f(std::uint16_t{});
    case 4:
      return f(std::uint32_t{});
    default:
      return f(std::uint64_t{});
  }
}

template <class T>
Stretch<T> stretch_of(const Slice& slice) {
  return {stream_origin(slice.seed), slice.first_index, slice.count};
}

template <class Launcher>
auto fill_with(Launcher& launcher, void* out, const Pattern& pattern, const Slice& slice) {
  return with_word(size_of(pattern.type), [&](auto word) {
    using T = decltype(word);
    const Fill<T> body{static_cast<T*>(out), stretch_of<T>(slice)};
    return launcher.run_fill(body, Table<T>(pattern), Split<T>(body.out, slice.count).units());
  });
}

template <class Launcher>
auto verify_with(Launcher& launcher, const void* data, const Pattern& pattern, const Slice& slice) {
  return with_word(size_of(pattern.type), [&](auto word) {
    using T = decltype(word);
    const Verify<T> body{static_cast<const T*>(data), stretch_of<T>(slice),
                         tolerance_of(pattern.type, pattern.tolerance_ulp)};
    return launcher.run_verify(body, Table<T>(pattern), Split<T>(body.data, slice.count).units());
  });
}

template <class Format, class Launcher, class Operation>
auto combine_with(Launcher& launcher, void* data, const void* in, std::size_t count,
                  Operation operation) {
  using T = typename Format::Stored;
  const Combine<Format, Operation> body{static_cast<T*>(data), static_cast<const T*>(in), count,
                                        operation};
  return launcher.run(body, body.split().units());
}

template <class Launcher>
auto reduce_with(Launcher& launcher, void* acc, const void* in, std::size_t count, DataType type,
                 ReduceOp op) {
  return with_op(op, [&](auto chosen) {
    return with_format<Half>(type, [&](auto format) {
      return combine_with<decltype(format)>(launcher, acc, in, count, Apply<decltype(chosen)>{});
    });
  });
}

template <class Launcher>
auto divide_with(Launcher& launcher, void* data, std::size_t count, DataType type, int divisor) {
  return with_format<Half>(type, [&](auto format) {
    using Division = Divide<decltype(format)>;
    return combine_with<decltype(format)>(
        launcher, data, data, count, Division{static_cast<decltype(Division::divisor)>(divisor)});
  });
}

}  // namespace
}  // namespace assay::kernels

// acc[i] = acc[i] op in[i] and data[i] / divisor: plain loops that the compiler vectorises, once
// per instruction set. Only the conversion of fp16 differs, and comes in as `HalfFormat`: one by
// one, for the compiler to vectorise, or (`vectors`) sixteen at a time, by the CPU's own
// instruction. Included by one translation unit per instruction set; everything has internal
// linkage.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/element.hpp"
#include "kernels/instruction_set.hpp"
#include "kernels/pattern_hash.hpp"

namespace assay::kernels {
namespace {

template <class HalfFormat>
struct ReduceLoops {
  /// data[i] = operation(data[i], in[i]), calculated in the format's own type.
  template <class Format, class Operation>
  static void each(void* data, const void* in, std::size_t count, Operation operation) {
    using Stored = typename Format::Stored;
    auto* a = static_cast<Stored*>(data);
    const auto* b = static_cast<const Stored*>(in);
    if constexpr (Format::vectors) {
      by_sixteen<Format>(a, b, count, operation);
    } else {
      for (std::size_t i = 0; i < count; ++i)
        a[i] = Format::narrow(operation(Format::widen(a[i]), Format::widen(b[i])));
    }
  }

  template <class Format, class Operation>
  static void by_sixteen(typename Format::Stored* data, const typename Format::Stored* in,
                         std::size_t count, Operation operation) {
    const std::size_t whole = count - count % block_elements;
    for (std::size_t i = 0; i < whole; i += block_elements)
      sixteen<Format>(data + i, in + i, operation);
    if (whole == count) return;
    typename Format::Stored x[block_elements] = {}, y[block_elements] = {};
    __builtin_memcpy(x, data + whole, (count - whole) * sizeof *x);
    __builtin_memcpy(y, in + whole, (count - whole) * sizeof *y);
    sixteen<Format>(x, y, operation);
    __builtin_memcpy(data + whole, x, (count - whole) * sizeof *x);
  }

  template <class Format, class Operation>
  static void sixteen(typename Format::Stored* data, const typename Format::Stored* in,
                      Operation operation) {
    typename Format::Value x[block_elements], y[block_elements];
    Format::widen(data, x);
    Format::widen(in, y);
    for (std::size_t i = 0; i < block_elements; ++i) x[i] = operation(x[i], y[i]);
    Format::narrow(x, data);
  }

  static void reduce(void* acc, const void* in, std::size_t count, DataType type,
                     ReduceOp op) noexcept {
    with_op(op, [&](auto chosen) {
      with_format<HalfFormat>(type, [&](auto format) {
        each<decltype(format)>(acc, in, count,
                               [](auto a, auto b) { return decltype(chosen)::apply(a, b); });
      });
    });
  }

  static void divide(void* data, std::size_t count, DataType type, int divisor) noexcept {
    with_format<HalfFormat>(type, [&](auto format) {
      using Division = Quotient<decltype(format)>;
      const auto by = static_cast<typename Division::Wide>(divisor);
      each<decltype(format)>(data, data, count, [by](auto a, auto) { return Division::of(a, by); });
    });
  }
};

}  // namespace
}  // namespace assay::kernels

// acc[i] = acc[i] op in[i] and data[i] / divisor: plain loops that the compiler vectorises, once
// per instruction set. Only the conversion of fp16 differs, and comes in as `Half`: widen() is
// exact, narrow() rounds to nearest even, both either one by one, for the compiler to vectorise, or
// (`vectors`) sixteen at a time, by the CPU's own instruction.
// Included by one translation unit per instruction set; everything has internal linkage.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/instruction_set.hpp"
#include "kernels/pattern_hash.hpp"

namespace assay::kernels {
namespace {

// Integers wrap modulo 2^k: arithmetic in the unsigned type of the same width.
struct Sum {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      using Word = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Word>(static_cast<Word>(a) + static_cast<Word>(b)));
    } else {
      return a + b;
    }
  }
};
struct Prod {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      using Word = std::make_unsigned_t<T>;
      return static_cast<T>(static_cast<Word>(static_cast<Word>(a) * static_cast<Word>(b)));
    } else {
      return a * b;
    }
  }
};
struct Min {
  template <class T>
  static T apply(T a, T b) {
    return b < a ? b : a;
  }
};
struct Max {
  template <class T>
  static T apply(T a, T b) {
    return a < b ? b : a;
  }
};

/// bf16 is the upper half of fp32. A NaN is kept apart: rounding could carry it to infinity.
struct Bfloat {
  static constexpr bool vectors = false;
  static float widen(std::uint16_t in) {
    return __builtin_bit_cast(float, static_cast<std::uint32_t>(in) << 16);
  }
  static std::uint16_t narrow(float in) {
    const auto bits = __builtin_bit_cast(std::uint32_t, in);
    const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return static_cast<std::uint16_t>((nan ? bits | 0x400000u : rounded) >> 16);
  }
};

template <class Half>
struct ReduceLoops {
  template <class Op, class T>
  static void loop(void* acc, const void* in, std::size_t count) {
    auto* a = static_cast<T*>(acc);
    const auto* b = static_cast<const T*>(in);
    for (std::size_t i = 0; i < count; ++i) a[i] = Op::apply(a[i], b[i]);
  }

  /// data[i] = operation(data[i], in[i]) on a 16-bit format, through fp32.
  template <class Format, class Operation>
  static void through_fp32(std::uint16_t* data, const std::uint16_t* in, std::size_t count,
                           Operation operation) {
    if constexpr (Format::vectors) {
      by_sixteen<Format>(data, in, count, operation);
    } else {
      for (std::size_t i = 0; i < count; ++i)
        data[i] = Format::narrow(operation(Format::widen(data[i]), Format::widen(in[i])));
    }
  }

  template <class Format, class Operation>
  static void by_sixteen(std::uint16_t* data, const std::uint16_t* in, std::size_t count,
                         Operation operation) {
    const std::size_t whole = count - count % block_elements;
    for (std::size_t i = 0; i < whole; i += block_elements)
      sixteen<Format>(data + i, in + i, operation);
    if (whole == count) return;
    std::uint16_t x[block_elements] = {}, y[block_elements] = {};
    __builtin_memcpy(x, data + whole, (count - whole) * sizeof *x);
    __builtin_memcpy(y, in + whole, (count - whole) * sizeof *y);
    sixteen<Format>(x, y, operation);
    __builtin_memcpy(data + whole, x, (count - whole) * sizeof *x);
  }

  template <class Format, class Operation>
  static void sixteen(std::uint16_t* data, const std::uint16_t* in, Operation operation) {
    float x[block_elements], y[block_elements];
    Format::widen(data, x);
    Format::widen(in, y);
    for (std::size_t i = 0; i < block_elements; ++i) x[i] = operation(x[i], y[i]);
    Format::narrow(x, data);
  }

  template <class Op, class Format>
  static void half_loop(void* acc, const void* in, std::size_t count) {
    through_fp32<Format>(static_cast<std::uint16_t*>(acc), static_cast<const std::uint16_t*>(in),
                         count, [](float a, float b) { return Op::apply(a, b); });
  }

  template <class Op>
  static void reduce_with(void* acc, const void* in, std::size_t count, DataType type) {
    switch (type) {
      case DataType::int8:
        return loop<Op, std::int8_t>(acc, in, count);
      case DataType::uint8:
        return loop<Op, std::uint8_t>(acc, in, count);
      case DataType::int32:
        return loop<Op, std::int32_t>(acc, in, count);
      case DataType::uint32:
        return loop<Op, std::uint32_t>(acc, in, count);
      case DataType::int64:
        return loop<Op, std::int64_t>(acc, in, count);
      case DataType::uint64:
        return loop<Op, std::uint64_t>(acc, in, count);
      case DataType::fp16:
        return half_loop<Op, Half>(acc, in, count);
      case DataType::bf16:
        return half_loop<Op, Bfloat>(acc, in, count);
      case DataType::fp32:
        return loop<Op, float>(acc, in, count);
      case DataType::fp64:
        return loop<Op, double>(acc, in, count);
    }
  }

  static void reduce(void* acc, const void* in, std::size_t count, DataType type,
                     ReduceOp op) noexcept {
    switch (op) {
      case ReduceOp::sum:
      case ReduceOp::avg:
        return reduce_with<Sum>(acc, in, count, type);
      case ReduceOp::prod:
        return reduce_with<Prod>(acc, in, count, type);
      case ReduceOp::min:
        return reduce_with<Min>(acc, in, count, type);
      case ReduceOp::max:
        return reduce_with<Max>(acc, in, count, type);
    }
  }

  /// Divides in `Wide`, which holds every divisor that fits an int.
  template <class T, class Wide>
  static void divide_loop(void* data, std::size_t count, int divisor) {
    auto* a = static_cast<T*>(data);
    const auto by = static_cast<Wide>(divisor);
    for (std::size_t i = 0; i < count; ++i) a[i] = static_cast<T>(static_cast<Wide>(a[i]) / by);
  }

  template <class Format>
  static void divide_half(void* data, std::size_t count, int divisor) {
    auto* a = static_cast<std::uint16_t*>(data);
    const auto by = static_cast<float>(divisor);
    through_fp32<Format>(a, a, count, [by](float x, float) { return x / by; });
  }

  static void divide(void* data, std::size_t count, DataType type, int divisor) noexcept {
    switch (type) {
      case DataType::int8:
        return divide_loop<std::int8_t, std::int32_t>(data, count, divisor);
      case DataType::uint8:
        return divide_loop<std::uint8_t, std::uint32_t>(data, count, divisor);
      case DataType::int32:
        return divide_loop<std::int32_t, std::int32_t>(data, count, divisor);
      case DataType::uint32:
        return divide_loop<std::uint32_t, std::uint32_t>(data, count, divisor);
      case DataType::int64:
        return divide_loop<std::int64_t, std::int64_t>(data, count, divisor);
      case DataType::uint64:
        return divide_loop<std::uint64_t, std::uint64_t>(data, count, divisor);
      case DataType::fp16:
        return divide_half<Half>(data, count, divisor);
      case DataType::bf16:
        return divide_half<Bfloat>(data, count, divisor);
      case DataType::fp32:
        return divide_loop<float, double>(data, count, divisor);
      case DataType::fp64:
        return divide_loop<double, double>(data, count, divisor);
    }
  }
};

}  // namespace
}  // namespace assay::kernels

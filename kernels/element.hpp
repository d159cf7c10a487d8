// What the kernels do to one element, written once: the loops of the host and the threads of a GPU
// call these. Everything has internal linkage: see instruction_set.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"
#include "kernels/float_formats.hpp"
#include "kernels/host_device.hpp"

namespace assay::kernels {
namespace {

// ---- operators ----------------------------------------------------------------------------------

// Integers wrap modulo 2^k: arithmetic in the unsigned type of the same width.
struct Sum {
  template <class T>
  ASSAY_HOST_DEVICE static constexpr T apply(T a, T b) {
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
  ASSAY_HOST_DEVICE static constexpr T apply(T a, T b) {
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
  ASSAY_HOST_DEVICE static constexpr T apply(T a, T b) {
    return b < a ? b : a;
  }
};
struct Max {
  template <class T>
  ASSAY_HOST_DEVICE static constexpr T apply(T a, T b) {
    return a < b ? b : a;
  }
};

// ---- formats: what is stored, and what one calculates in ----------------------------------------

template <class T>
struct Plain {
  using Stored = T;
  using Value = T;
  static constexpr bool vectors = false;
  ASSAY_HOST_DEVICE static constexpr Value widen(Stored stored) { return stored; }
  ASSAY_HOST_DEVICE static constexpr Stored narrow(Value value) { return value; }
};

/// The format of one element divided by what fits an int: rounded once, or truncated.
template <class Format>
struct Quotient {
  using Value = typename Format::Value;
  using Integer = std::conditional_t<
      std::is_same_v<Value, std::uint64_t>, std::uint64_t,
      std::conditional_t<(sizeof(Value) < 4) || std::is_same_v<Value, std::int32_t>, std::int32_t,
                         std::int64_t>>;
  using Floating = std::conditional_t<std::is_same_v<Format, Plain<Value>>, double, float>;
  /// Holds every divisor; the narrow formats go through fp32, which holds those up to 2^24.
  using Wide = std::conditional_t<std::is_integral_v<Value>, Integer, Floating>;
  ASSAY_HOST_DEVICE static constexpr Value of(Value value, Wide divisor) {
    return static_cast<Value>(static_cast<Wide>(value) / divisor);
  }
};

/// Calls `f` with a value of the format of `type`; fp16's is `HalfFormat`.
template <class HalfFormat, class F>
auto with_format(DataType type, F f) {
  switch (type) {
    case DataType::int8:
      return f(Plain<std::int8_t>{});
    case DataType::uint8:
      return f(Plain<std::uint8_t>{});
    case DataType::int32:
      return f(Plain<std::int32_t>{});
    case DataType::uint32:
      return f(Plain<std::uint32_t>{});
    case DataType::int64:
      return f(Plain<std::int64_t>{});
    case DataType::uint64:
      return f(Plain<std::uint64_t>{});
    case DataType::fp8_e4m3:
      return f(E4m3{});
    case DataType::fp8_e5m2:
      return f(E5m2{});
    case DataType::fp16:
      return f(HalfFormat{});
    case DataType::bf16:
      return f(Bfloat{});
    case DataType::fp32:
      return f(Plain<float>{});
    case DataType::fp64:
      break;
  }
  return f(Plain<double>{});
}

/// Calls `f` with the operator of `op`; avg adds.
template <class F>
auto with_op(ReduceOp op, F f) {
  switch (op) {
    case ReduceOp::prod:
      return f(Prod{});
    case ReduceOp::min:
      return f(Min{});
    case ReduceOp::max:
      return f(Max{});
    case ReduceOp::sum:
    case ReduceOp::avg:
      break;
  }
  return f(Sum{});
}

}  // namespace
}  // namespace assay::kernels

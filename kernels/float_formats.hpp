// The floating formats narrower than fp32, and how they are converted: widen() is exact, narrow()
// rounds to nearest even. For host and GPU; no library, no table, no branch: loops over them
// vectorise. fp8 is OCP's (OFP8 1.0): e4m3 has no infinity and one NaN per sign. Like CUDA and
// NCCL, narrow() ends at the largest finite fp8 where fp16 and bf16 go to infinity. Everything has
// internal linkage: see instruction_set.hpp.
#pragma once

#include <cstdint>

#include "kernels/host_device.hpp"

namespace assay::kernels {
namespace {

// From the top: a sign, an exponent, a fraction. Constants are magnitudes, without the sign.
struct Fp16Layout {
  using Word = std::uint16_t;
  static constexpr int fraction_bits = 10, bias = 15;
  static constexpr std::uint32_t largest = 0x7bff;   ///< finite
  static constexpr std::uint32_t overflow = 0x7c00;  ///< what everything beyond becomes
  static constexpr std::uint32_t nan = 0x7e00;
};
struct E4m3Layout {
  using Word = std::uint8_t;
  static constexpr int fraction_bits = 3, bias = 7;
  static constexpr std::uint32_t largest = 0x7e, overflow = largest, nan = 0x7f;
};
struct E5m2Layout {
  using Word = std::uint8_t;
  static constexpr int fraction_bits = 2, bias = 15;
  static constexpr std::uint32_t largest = 0x7b, overflow = largest, nan = 0x7e;
};

/// 2^exponent, for exponents of normal numbers.
ASSAY_HOST_DEVICE constexpr float power_of_two(int exponent) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(exponent + 127) << 23);
}

template <class Layout>
struct NarrowFloat {
  using Stored = typename Layout::Word;
  using Value = float;
  static constexpr bool vectors = false;

  ASSAY_HOST_DEVICE static constexpr Value widen(Stored stored) {
    constexpr float rebias = power_of_two(127 - Layout::bias);
    const std::uint32_t magnitude = stored & (sign_bit - 1);
    const std::uint32_t in_place = magnitude << shift;
    // The multiplication moves the exponent's bias, and makes subnormals normal.
    const float scaled = __builtin_bit_cast(float, in_place) * rebias;
    const std::uint32_t quiet = (magnitude & fraction_mask) != 0 ? 0x400000u : 0u;
    const std::uint32_t bits = magnitude > Layout::largest
                                   ? in_place | 0x7f800000u | quiet
                                   : __builtin_bit_cast(std::uint32_t, scaled);
    return __builtin_bit_cast(float, bits | (stored & sign_bit) << (31 - sign_at));
  }

  ASSAY_HOST_DEVICE static constexpr Stored narrow(Value value) {
    // Added to a number below the smallest normal one, it leaves the rounded subnormal behind.
    constexpr float magic = power_of_two(24 - Layout::bias - Layout::fraction_bits);
    constexpr std::uint32_t rebias = static_cast<std::uint32_t>(127 - Layout::bias) << 23;
    constexpr std::uint32_t smallest_normal = rebias + (1u << 23);
    constexpr std::uint32_t below_half = (1u << (shift - 1)) - 1;
    const auto bits = __builtin_bit_cast(std::uint32_t, value);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    const std::uint32_t odd = (magnitude >> shift) & 1u;
    const std::uint32_t normal = (magnitude - rebias + below_half + odd) >> shift;
    const float shifted = __builtin_bit_cast(float, magnitude) + magic;
    const std::uint32_t subnormal =
        __builtin_bit_cast(std::uint32_t, shifted) - __builtin_bit_cast(std::uint32_t, magic);
    std::uint32_t narrow = magnitude < smallest_normal ? subnormal : normal;
    if (narrow > Layout::largest) narrow = Layout::overflow;
    if (magnitude > 0x7f800000u) narrow = Layout::nan;
    return static_cast<Stored>(narrow | (bits >> (31 - sign_at) & sign_bit));
  }

 private:
  static constexpr int shift = 23 - Layout::fraction_bits;
  static constexpr int sign_at = 8 * static_cast<int>(sizeof(Stored)) - 1;
  static constexpr std::uint32_t sign_bit = 1u << sign_at;
  static constexpr std::uint32_t fraction_mask = (1u << Layout::fraction_bits) - 1;
};

using Half = NarrowFloat<Fp16Layout>;
using E4m3 = NarrowFloat<E4m3Layout>;
using E5m2 = NarrowFloat<E5m2Layout>;

/// bf16 is the upper half of fp32. A NaN is kept apart: rounding could carry it to infinity.
struct Bfloat {
  using Stored = std::uint16_t;
  using Value = float;
  static constexpr bool vectors = false;
  ASSAY_HOST_DEVICE static constexpr Value widen(Stored in) {
    return __builtin_bit_cast(float, static_cast<std::uint32_t>(in) << 16);
  }
  ASSAY_HOST_DEVICE static constexpr Stored narrow(Value in) {
    const auto bits = __builtin_bit_cast(std::uint32_t, in);
    const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return static_cast<Stored>((nan ? bits | 0x400000u : rounded) >> 16);
  }
};

}  // namespace
}  // namespace assay::kernels

// When an element counts as right: for host and GPU.
#pragma once

#include <cstdint>

#include "harness/core/data_type.hpp"
#include "kernels/float_formats.hpp"
#include "kernels/host_device.hpp"

namespace assay::kernels {

/// By how many representable numbers an element may differ from what is expected.
struct Tolerance {
  int ulp = 0;                ///< 0: bit for bit
  int bits = 0;               ///< of an element
  std::uint64_t largest = 0;  ///< magnitude that is no NaN, as bits

  /// A NaN is near nothing. Bits above those of the element are zero.
  ASSAY_HOST_DEVICE constexpr bool accepts(std::uint64_t a, std::uint64_t b) const {
    if (a == b) return true;
    if (ulp == 0) return false;
    const std::uint64_t magnitude = ~std::uint64_t{0} >> (65 - bits);
    if ((a & magnitude) > largest || (b & magnitude) > largest) return false;
    const std::uint64_t apart = ordered(a, magnitude) - ordered(b, magnitude);
    const std::uint64_t distance = apart < ~apart ? apart : std::uint64_t{0} - apart;
    return distance <= static_cast<std::uint64_t>(ulp);
  }

 private:
  /// Neighbouring numbers have neighbouring words, modulo 2^64.
  ASSAY_HOST_DEVICE static constexpr std::uint64_t ordered(std::uint64_t word,
                                                           std::uint64_t magnitude) {
    return word > magnitude ? std::uint64_t{0} - (word & magnitude) : word;
  }
};

inline Tolerance tolerance_of(DataType type, int ulp) {
  if (!info(type).floating) ulp = 0;
  const int bits = static_cast<int>(8 * size_of(type));
  const int fraction = info(type).significand - 1;
  const std::uint64_t infinity =
      ulp == 0 ? 0 : ~std::uint64_t{0} >> (65 - bits) >> fraction << fraction;
  return {ulp, bits, type == DataType::fp8_e4m3 ? std::uint64_t{E4m3Layout::largest} : infinity};
}

}  // namespace assay::kernels

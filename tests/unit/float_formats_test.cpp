// Every fp8 and fp16 value against its definition, and rounding against a search among all of them.
#include "kernels/float_formats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace assay::kernels {
namespace {

static_assert(E4m3::widen(0x7e) == 448.0f && E5m2::widen(0x7b) == 57344.0f);
static_assert(E4m3::narrow(1.0f) == 0x38 && E5m2::narrow(-1.0f) == 0xbc);
static_assert(Half::narrow(65504.0f) == 0x7bff && Bfloat::narrow(1.0f) == 0x3f80);

/// A format as its standard tells it (OFP8 1.0, tables 1 and 2; IEEE 754-2019).
struct Definition {
  int exponent_bits, fraction_bits, bias;
  bool has_infinity;

  int bits() const { return 1 + exponent_bits + fraction_bits; }
  double value(unsigned word) const {
    const unsigned fraction = word & ((1u << fraction_bits) - 1);
    const int exponent = static_cast<int>(word >> fraction_bits & ((1u << exponent_bits) - 1));
    const double sign = (word >> (bits() - 1) & 1) != 0 ? -1.0 : 1.0;
    const bool top = exponent == (1 << exponent_bits) - 1;
    if (top && has_infinity) return fraction == 0 ? sign * INFINITY : NAN;
    if (top && fraction == (1u << fraction_bits) - 1) return NAN;
    if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
    return sign * std::ldexp((1u << fraction_bits) + fraction, exponent - bias - fraction_bits);
  }
};

constexpr Definition e4m3{4, 3, 7, false}, e5m2{5, 2, 15, true}, fp16{5, 10, 15, true};

template <class Format>
void expect_values(const Definition& definition) {
  for (unsigned word = 0; word < 1u << definition.bits(); ++word) {
    const double expected = definition.value(word);
    const float got = Format::widen(static_cast<typename Format::Stored>(word));
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(got)) << word;
      continue;
    }
    ASSERT_EQ(got, expected) << word;
    ASSERT_EQ(std::signbit(got), std::signbit(expected)) << word;
    if (std::isfinite(expected)) {
      ASSERT_EQ(Format::narrow(got), word);
    }
  }
}

TEST(FloatFormats, EveryValueIsAsDefinedAndComesBack) {
  expect_values<E4m3>(e4m3);
  expect_values<E5m2>(e5m2);
  expect_values<Half>(fp16);
}

/// Magnitudes below, at and above each number and each middle between two, and far beyond.
std::vector<float> interesting(const Definition& definition) {
  std::vector<float> values{0.0f, 1e-45f, 1e-30f, 1e30f, std::numeric_limits<float>::max()};
  double before = 0;
  for (unsigned word = 0; word < 1u << (definition.bits() - 1); ++word) {
    const double here = definition.value(word);
    if (!std::isfinite(here)) break;
    for (const double at : {here, (here + before) / 2}) {
      const auto middle = static_cast<float>(at);
      values.insert(values.end(),
                    {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, INFINITY)});
    }
    before = here;
  }
  const float last = values.back();
  for (int step = 0; step < 64; ++step)
    values.push_back(last * (1 + static_cast<float>(step) / 256));
  return values;
}

/// The nearest finite number, of two the one with an even word: no arithmetic on bits.
unsigned nearest(const Definition& definition, double magnitude) {
  magnitude = std::min(magnitude, std::ldexp(1.0, 20));  // beyond, differences are all alike
  unsigned best = 0;
  for (unsigned word = 1; std::isfinite(definition.value(word)); ++word) {
    const double here = std::fabs(definition.value(word) - magnitude);
    const double there = std::fabs(definition.value(best) - magnitude);
    if (here < there || (here == there && word % 2 == 0)) best = word;
  }
  return best;
}

template <class Format>
void expect_rounding(const Definition& definition) {
  for (const float magnitude : interesting(definition)) {
    const unsigned expected = nearest(definition, magnitude);
    ASSERT_EQ(Format::narrow(magnitude), expected) << magnitude;
    ASSERT_EQ(Format::narrow(-magnitude), expected | 1u << (definition.bits() - 1)) << -magnitude;
  }
}

TEST(FloatFormats, Fp8RoundsToNearestEvenAndEndsAtTheLargestNumber) {
  expect_rounding<E4m3>(e4m3);
  expect_rounding<E5m2>(e5m2);
  EXPECT_EQ(E4m3::narrow(INFINITY), 0x7e);
  EXPECT_EQ(E5m2::narrow(-INFINITY), 0xfb);
}

TEST(FloatFormats, Fp16RoundsToNearestEvenAndGoesToInfinity) {
  const float largest = 65504, beyond = 65520;  // the middle between it and 2^16
  for (const float magnitude : {0x1p-25f, 0x1.004p-14f, 1.00048828125f, 2049.0f, 2051.0f, 65503.0f})
    EXPECT_EQ(Half::narrow(magnitude), nearest(fp16, magnitude)) << magnitude;
  EXPECT_EQ(Half::narrow(std::nextafter(beyond, largest)), 0x7bff);
  EXPECT_EQ(Half::narrow(beyond), 0x7c00);
  EXPECT_EQ(Half::narrow(-INFINITY), 0xfc00);
}

TEST(FloatFormats, ANanStaysOne) {
  for (const std::uint32_t bits : {0x7f800001u, 0x7fffffffu, 0xffc00000u, 0xff800001u}) {
    const auto nan = std::bit_cast<float>(bits);
    EXPECT_TRUE(std::isnan(E4m3::widen(E4m3::narrow(nan)))) << bits;
    EXPECT_TRUE(std::isnan(E5m2::widen(E5m2::narrow(nan)))) << bits;
    EXPECT_TRUE(std::isnan(Half::widen(Half::narrow(nan)))) << bits;
    EXPECT_TRUE(std::isnan(Bfloat::widen(Bfloat::narrow(nan)))) << bits;
  }
}

}  // namespace
}  // namespace assay::kernels

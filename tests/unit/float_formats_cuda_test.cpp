// Our fp8, fp16 and bf16 against the conversions of the CUDA Toolkit's headers, which run on the
// host as well.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "kernels/float_formats.hpp"

namespace assay::kernels {
namespace {

void expect_same(float value) {
  if (std::isnan(value)) return;  // which NaN a NaN becomes is nobody's promise
  ASSERT_EQ(E4m3::narrow(value), __nv_cvt_float_to_fp8(value, __NV_SATFINITE, __NV_E4M3)) << value;
  ASSERT_EQ(E5m2::narrow(value), __nv_cvt_float_to_fp8(value, __NV_SATFINITE, __NV_E5M2)) << value;
  ASSERT_EQ(Half::narrow(value), __half_raw(__float2half_rn(value)).x) << value;
  ASSERT_EQ(Bfloat::narrow(value), __nv_bfloat16_raw(__float2bfloat16_rn(value)).x) << value;
}

TEST(FloatFormatsOfCuda, RoundAlike) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000000; ++i)
    expect_same(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  // Most of the above is far outside of fp8's range.
  std::uniform_int_distribution<std::uint32_t> in_range(0x36000000u, 0x47ffffffu);
  for (int i = 0; i < 2000000; ++i) expect_same(std::bit_cast<float>(in_range(random)));
  for (const float value : {INFINITY, -INFINITY, 0.0f, -0.0f, 464.0f, 480.0f, 57344.0f, 61440.0f})
    expect_same(value);
}

TEST(FloatFormatsOfCuda, WidenAlike) {
  for (unsigned word = 0; word < 256; ++word) {
    const auto byte = static_cast<std::uint8_t>(word);
    const auto value = [&](__nv_fp8_interpretation_t format) {
      return __half2float(__half(__nv_cvt_fp8_to_halfraw(byte, format)));
    };
    if (!std::isnan(value(__NV_E4M3))) {
      EXPECT_EQ(E4m3::widen(byte), value(__NV_E4M3));
    }
    if (!std::isnan(value(__NV_E5M2))) {
      EXPECT_EQ(E5m2::widen(byte), value(__NV_E5M2));
    }
  }
}

}  // namespace
}  // namespace assay::kernels

// Products on a GPU are exact, of every type and however the matrices are stored. With the label
// gpu or on the double, as device_conformance.cpp.
#include <gtest/gtest.h>

#include "harness/core/error.hpp"
#include "harness/device/cuda_device.hpp"
#include "tests/unit/gemm_check.hpp"

namespace assay::benchmarks {
namespace {

using device::GemmCall;
using device::Stored;

class GemmOnGpu : public testing::TestWithParam<device::GemmTypeInfo> {
 protected:
  std::string wrong(const GemmCall& call) { return test::wrong_product(gpu, call); }

  device::cuda::CudaDevice gpu{device::cuda::visible_gpus(0).gpus.at(0)};
};
INSTANTIATE_TEST_SUITE_P(All, GemmOnGpu, testing::ValuesIn(device::gemm_types),
                         [](const auto& type) { return std::string(type.param.name); });

TEST_P(GemmOnGpu, IsExactHoweverMatricesAreStored) {
  const bool narrow = GetParam().type == device::GemmType::fp8_e4m3;
  for (const auto a : {Stored::by_rows, Stored::by_columns})
    for (const auto b : {Stored::by_rows, Stored::by_columns})
      for (const std::size_t k : {64u, 80u, 208u}) {
        if (narrow && (a != Stored::by_rows || b != Stored::by_columns)) continue;
        const GemmCall call{.type = GetParam().type, .m = 48, .n = 32, .k = k, .a = a, .b = b};
        try {
          EXPECT_EQ(wrong(call), "") << k;
        } catch (const UnsupportedError& error) {
          if (!narrow) throw;
          GTEST_SKIP() << error.what();  // fp8 is for GPUs from 8.9 on
        }
      }
}

TEST_P(GemmOnGpu, AddsToWhatIsThere) {
  if (GetParam().type == device::GemmType::fp8_e4m3) GTEST_SKIP() << "its sums have another type";
  EXPECT_EQ(wrong({.type = GetParam().type, .m = 48, .n = 32, .k = 64, .accumulate = true}), "");
}

TEST_P(GemmOnGpu, MakesABatchAtATime) {
  const bool narrow = GetParam().type == device::GemmType::fp8_e4m3;
  for (const bool accumulate : {false, true})
    for (const std::size_t gap : {0u, 64u})
      for (const std::size_t batch : {1u, 2u, 5u}) {
        if (narrow && accumulate) continue;
        GemmCall call{.type = GetParam().type, .m = 48, .n = 32, .k = 80};
        if (narrow) call.b = Stored::by_columns;
        call.accumulate = accumulate;
        call.batch = batch;
        call.strides = test::strides_with_gap(call, gap);
        try {
          EXPECT_EQ(wrong(call), "") << batch << ' ' << gap;
        } catch (const UnsupportedError& error) {
          if (!narrow) throw;
          GTEST_SKIP() << error.what();
        }
      }
}

TEST_P(GemmOnGpu, IsExactForOddSizes) {
  if (GetParam().type == device::GemmType::fp8_e4m3) GTEST_SKIP() << "multiples of 16 only";
  EXPECT_EQ(wrong({.type = GetParam().type, .m = 33, .n = 17, .k = 65}), "");
  EXPECT_EQ(wrong({.type = GetParam().type, .m = 1, .n = 1, .k = 1}), "");
}

}  // namespace
}  // namespace assay::benchmarks

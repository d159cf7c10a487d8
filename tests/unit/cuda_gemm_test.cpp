// What is told of a matrix product that a GPU refuses or fails, on the doubles of CUDA and
// cuBLASLt.
#include <gmock/gmock.h>

#include "harness/device/cuda_device.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::device::cuda {
namespace {

using test::failure;
using testing::AllOf;
using testing::HasSubstr;
namespace fake = fakes::cuda;

class CudaGemmTest : public testing::Test {
 protected:
  void SetUp() override { fake::reset(); }
  void TearDown() override { fake::reset(); }
  static CudaDevice device() { return CudaDevice(visible_gpus(7).gpus.at(1)); }
};

constexpr GemmCall product{.type = GemmType::bf16, .m = 8, .n = 8, .k = 8};
constexpr std::size_t bytes = 8 * 8 * 2;

TEST_F(CudaGemmTest, SaysWhatTheLibraryDoesNotHave) {
  auto gpu = device();
  constexpr GemmCall untypical{.type = GemmType::fp8_e4m3, .m = 16, .n = 16, .k = 16};
  EXPECT_THAT(failure([&] { gpu.gemm(untypical); }),
              AllOf(HasSubstr("rank 7, GPU 1 (NVIDIA Double, 0000:1C:00.0): cuBLASLt 13.0.2 has no "
                              "product of fp8_e4m3 matrices for m=16, n=16, k=16 here; "),
                    HasSubstr("8.9")));
  EXPECT_EQ(failure([&] { gpu.gemm(product); }), "") << "a refusal is no harm";
}

TEST_F(CudaGemmTest, TellsAProductThatCannotBeBegunWhenAsked) {
  auto gpu = device();
  const auto gemm = gpu.gemm(product);
  const auto a = gpu.allocate(bytes), b = gpu.allocate(bytes), c = gpu.allocate(bytes);
  gemm->launch(a.data(), b.data(), c.data());
  EXPECT_EQ(failure([&] { gemm->check(); }), "");
  fake::plan({.call = "cublasLtMatmul", .error = cudaErrorInvalidValue});
  gemm->launch(a.data(), b.data(), c.data());
  EXPECT_THAT(failure([&] { gemm->check(); }),
              AllOf(HasSubstr("cublasLtMatmul of cuBLASLt 13.0.2 failed with"),
                    HasSubstr("CUBLAS_STATUS_EXECUTION_FAILED")));
}

TEST_F(CudaGemmTest, TellsACrashOnceWaitedFor) {
  auto gpu = device();
  const auto gemm = gpu.gemm(product);
  const auto a = gpu.allocate(bytes), b = gpu.allocate(bytes), c = gpu.allocate(bytes);
  fake::plan({.call = "cublasLtMatmul", .late = cudaErrorIllegalAddress});
  gemm->launch(a.data(), b.data(), c.data());
  EXPECT_EQ(failure([&] { gemm->check(); }), "");
  gpu.wait();
  EXPECT_THAT(failure([&] { gpu.check(); }), HasSubstr("cudaErrorIllegalAddress"));
}

TEST_F(CudaGemmTest, SaysThatTheLibraryDoesNotStart) {
  auto gpu = device();
  fake::plan({.call = "cublasLtCreate", .error = cudaErrorMemoryAllocation});
  EXPECT_THAT(failure([&] { gpu.gemm(product); }), HasSubstr("cublasLtCreate of cuBLASLt 13.0.2"));
}

TEST_F(CudaGemmTest, NamesWhatWasChosen) {
  auto gpu = device();
  const auto notes = gpu.gemm(product)->notes();
  EXPECT_EQ(notes.at("library"), "cuBLASLt 13.0.2");
  EXPECT_THAT(notes.at("algorithm"), HasSubstr("66, tile 0, "));
}

TEST_F(CudaGemmTest, LeavesNothingBehind) {
  {
    auto gpu = device();
    const auto one = gpu.gemm(product), other = gpu.gemm(product);
    EXPECT_GT(fake::leaks().products, 0u);
    constexpr GemmCall untypical{.type = GemmType::fp8_e4m3, .m = 16, .n = 16, .k = 16};
    EXPECT_NE(failure([&] { gpu.gemm(untypical); }), "");
  }
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

}  // namespace
}  // namespace assay::device::cuda

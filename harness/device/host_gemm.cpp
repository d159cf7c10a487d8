// OpenBLAS.
#include "harness/device/host_gemm.hpp"

#include <cblas.h>
#include <fmt/format.h>

#include "harness/core/error.hpp"

namespace assay::device {
namespace {

class HostGemm final : public Gemm {
 public:
  explicit HostGemm(const GemmCall& call)
      : call_(call),
        m_(static_cast<blasint>(call.m)),
        n_(static_cast<blasint>(call.n)),
        k_(static_cast<blasint>(call.k)) {
    openblas_set_num_threads(call.threads);
  }

  void launch(const std::byte* a, const std::byte* b, std::byte* c) noexcept override {
    const auto width = size_of(info(call_.type).in);
    const auto& strides = call_.strides;
    for (std::size_t i = 0; i < call_.batch; ++i)
      multiply_one(a + i * strides.a * width, b + i * strides.b * width, c + i * strides.c * width);
  }
  void check() const override {}
  std::map<std::string, std::string> notes() const override {
    return {{"library", openblas_get_config()}, {"threads", std::to_string(call_.threads)}};
  }

 private:
  void multiply_one(const std::byte* a, const std::byte* b, std::byte* c) const noexcept {
    if (call_.type == GemmType::fp32)
      multiply<float, cblas_sgemm>(a, b, c);
    else
      multiply<double, cblas_dgemm>(a, b, c);
  }
  template <class T, auto gemm>
  void multiply(const std::byte* a, const std::byte* b, std::byte* c) const noexcept {
    const bool a_turned = call_.a == Stored::by_columns, b_turned = call_.b == Stored::by_columns;
    gemm(CblasRowMajor, a_turned ? CblasTrans : CblasNoTrans, b_turned ? CblasTrans : CblasNoTrans,
         m_, n_, k_, 1, reinterpret_cast<const T*>(a), a_turned ? m_ : k_,
         reinterpret_cast<const T*>(b), b_turned ? k_ : n_, call_.accumulate ? T{1} : T{0},
         reinterpret_cast<T*>(c), n_);
  }

  GemmCall call_;
  blasint m_, n_, k_;
};

}  // namespace

std::unique_ptr<Gemm> make_host_gemm(const GemmCall& call) {
  if (!info(call.type).on_host)
    throw UnsupportedError(
        {"host memory", fmt::format("OpenBLAS has no product of {} matrices", info(call.type).name),
         "multiply fp32 or fp64, or on a GPU"});
  return std::make_unique<HostGemm>(call);
}

}  // namespace assay::device

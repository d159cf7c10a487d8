#include "harness/device/cuda_gemm.hpp"

#include <fmt/format.h>

#include "harness/core/error.hpp"

namespace assay::device::cuda {
namespace {

using LtFailure = FirstFailure<cublasStatus_t, CUBLAS_STATUS_SUCCESS>;

using Product = Handled<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Handled<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Handled<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

std::string version() {
  const auto number = cublasLtGetVersion();
  return fmt::format("cuBLASLt {}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

void check_lt(const Gpu& gpu, cublasStatus_t code, const char* call) {
  if (code == CUBLAS_STATUS_SUCCESS) return;
  throw RunError({gpu.where(),
                  fmt::format("{} of {} failed with \"{}\" ({})", call, version(),
                              cublasLtGetStatusString(code), cublasLtGetStatusName(code)),
                  "see with nvidia-smi who else has memory of this GPU, and whether this cuBLASLt "
                  "knows GPUs of its kind"});
}

cudaDataType_t type_of(DataType type) {
  switch (type) {
    case DataType::fp64:
      return CUDA_R_64F;
    case DataType::fp32:
      return CUDA_R_32F;
    case DataType::fp16:
      return CUDA_R_16F;
    case DataType::bf16:
      return CUDA_R_16BF;
    case DataType::fp8_e4m3:
      return CUDA_R_8F_E4M3;
    default:
      throw InternalError("no product is made of such elements");
  }
}

cublasComputeType_t sums_of(GemmType type) {
  if (type == GemmType::fp64) return CUBLAS_COMPUTE_64F;
  return type == GemmType::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// C = 1·A·B + 0·C, or + 1·C, in the type of the sums.
struct Factors {
  double one_64 = 1, zero_64 = 0;
  float one_32 = 1, zero_32 = 0;
};
constexpr Factors factors;

/// The library stores by columns, and what is stored by columns is, read by rows, its transpose:
/// so it is given Cᵀ = Bᵀ·Aᵀ, its first matrix our B and its second our A.
class CudaGemm final : public Gemm {
 public:
  CudaGemm(const Gpu& gpu, cublasLtHandle_t library, const Lanes& lanes, const GemmCall& call)
      : gpu_(gpu), library_(library), lanes_(lanes), call_(call) {
    describe();
    choose();
  }

  void launch(const std::byte* a, const std::byte* b, std::byte* c) noexcept override {
    const bool wide = call_.type == GemmType::fp64;
    const void* one = wide ? static_cast<const void*>(&factors.one_64) : &factors.one_32;
    const void* zero = wide ? static_cast<const void*>(&factors.zero_64) : &factors.zero_32;
    const auto& lane = lanes_.used();
    // Two streams must not share a workspace, and here none can be had.
    if (lane.workspace.size() < chosen_.workspaceSize) {
      failure_.note(CUBLAS_STATUS_NOT_INITIALIZED, "cublasLtMatmul without workspace");
      return;
    }
    failure_.note(
        cublasLtMatmul(library_, product_.get(), one, b, b_.get(), a, a_.get(),
                       call_.accumulate ? one : zero, c, c_.get(), c, c_.get(), &chosen_.algo,
                       lane.workspace.data(), chosen_.workspaceSize, lane.queue.stream),
        "cublasLtMatmul");
  }
  void check() const override { check_lt(gpu_, failure_.code(), failure_.call()); }

  std::map<std::string, std::string> notes() const override {
    return {{"library", version()},
            {"algorithm", fmt::format("{}, tile {}, stages {}, cluster {}, split-k {}, swizzle {}, "
                                      "option {}, {} bytes of workspace",
                                      config<int>(CUBLASLT_ALGO_CONFIG_ID),
                                      config<std::uint32_t>(CUBLASLT_ALGO_CONFIG_TILE_ID),
                                      config<std::uint32_t>(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                                      config<std::uint16_t>(CUBLASLT_ALGO_CONFIG_CLUSTER_SHAPE_ID),
                                      config<std::int32_t>(CUBLASLT_ALGO_CONFIG_SPLITK_NUM),
                                      config<std::uint32_t>(CUBLASLT_ALGO_CONFIG_CTA_SWIZZLING),
                                      config<std::uint32_t>(CUBLASLT_ALGO_CONFIG_CUSTOM_OPTION),
                                      chosen_.workspaceSize)}};
  }

 private:
  struct Extent {
    std::size_t rows, columns;
  };

  template <class T>
  void set(const Layout& layout, cublasLtMatrixLayoutAttribute_t which, T value) const {
    check_lt(gpu_, cublasLtMatrixLayoutSetAttribute(layout.get(), which, &value, sizeof value),
             "cublasLtMatrixLayoutSetAttribute");
  }

  Layout layout(DataType type, Extent extent, Stored stored, std::size_t stride) const {
    const auto [rows, columns] =
        stored == Stored::by_rows ? Extent{extent.columns, extent.rows} : extent;
    cublasLtMatrixLayout_t made = nullptr;
    check_lt(gpu_,
             cublasLtMatrixLayoutCreate(&made, type_of(type), rows, columns,
                                        static_cast<std::int64_t>(rows)),
             "cublasLtMatrixLayoutCreate");
    Layout layout(made);
    if (call_.batch > 1) {
      set(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<std::int32_t>(call_.batch));
      set(layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, static_cast<std::int64_t>(stride));
    }
    return layout;
  }

  void turn(cublasLtMatmulDescAttributes_t which, Stored stored) {
    const cublasOperation_t operation = stored == Stored::by_rows ? CUBLAS_OP_N : CUBLAS_OP_T;
    check_lt(gpu_,
             cublasLtMatmulDescSetAttribute(product_.get(), which, &operation, sizeof operation),
             "cublasLtMatmulDescSetAttribute");
  }

  void describe() {
    const auto& type = info(call_.type);
    cublasLtMatmulDesc_t made = nullptr;
    check_lt(gpu_,
             cublasLtMatmulDescCreate(&made, sums_of(call_.type),
                                      call_.type == GemmType::fp64 ? CUDA_R_64F : CUDA_R_32F),
             "cublasLtMatmulDescCreate");
    product_ = Product(made);
    turn(CUBLASLT_MATMUL_DESC_TRANSA, call_.b);
    turn(CUBLASLT_MATMUL_DESC_TRANSB, call_.a);
    a_ = layout(type.in, {call_.m, call_.k}, call_.a, call_.strides.a);
    b_ = layout(type.in, {call_.k, call_.n}, call_.b, call_.strides.b);
    c_ = layout(type.out, {call_.m, call_.n}, Stored::by_rows, call_.strides.c);
  }

  template <class T>
  static void prefer(const Gpu& gpu, const Preference& preference,
                     cublasLtMatmulPreferenceAttributes_t which, T value) {
    check_lt(gpu,
             cublasLtMatmulPreferenceSetAttribute(preference.get(), which, &value, sizeof value),
             "cublasLtMatmulPreferenceSetAttribute");
  }

  void choose() {
    cublasLtMatmulPreference_t made = nullptr;
    check_lt(gpu_, cublasLtMatmulPreferenceCreate(&made), "cublasLtMatmulPreferenceCreate");
    const Preference preference(made);
    prefer<std::uint64_t>(gpu_, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                          CudaGemms::workspace_bytes);
    // Parts of a sum are added in the type of the sums: rounded to fp16 or bf16 in between, they
    // would be another result than the one that is verified.
    prefer<std::uint32_t>(gpu_, preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                          CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
    const auto alignment = static_cast<std::uint32_t>(call_.alignment);
    for (const auto which :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(gpu_, preference, which, alignment);
    int found = 0;
    const auto code =
        cublasLtMatmulAlgoGetHeuristic(library_, product_.get(), b_.get(), a_.get(), c_.get(),
                                       c_.get(), preference.get(), 1, &chosen_, &found);
    if (code == CUBLAS_STATUS_NOT_SUPPORTED || (code == CUBLAS_STATUS_SUCCESS && found == 0))
      throw UnsupportedError(
          {gpu_.where(),
           fmt::format("{} has no product of {} matrices for m={}, n={}, k={} here", version(),
                       info(call_.type).name, call_.m, call_.n, call_.k),
           "fp8_e4m3 needs a GPU of compute capability 8.9 or newer, tf32 and bf16 one "
           "of 8.0; or choose other sizes"});
    check_lt(gpu_, code, "cublasLtMatmulAlgoGetHeuristic");
  }

  /// Zero where the library does not say.
  template <class T>
  T config(cublasLtMatmulAlgoConfigAttributes_t which) const {
    T value{};
    std::size_t written = 0;
    cublasLtMatmulAlgoConfigGetAttribute(&chosen_.algo, which, &value, sizeof value, &written);
    return value;
  }

  const Gpu& gpu_;
  cublasLtHandle_t library_;
  const Lanes& lanes_;
  GemmCall call_;
  Product product_;
  Layout a_, b_, c_;
  cublasLtMatmulHeuristicResult_t chosen_{};
  LtFailure failure_;
};

}  // namespace

CudaGemms::CudaGemms(const Gpu& gpu, const Lanes& lanes) : gpu_(gpu), lanes_(lanes) {
  check_lt(gpu_, cublasLtCreate(&library_), "cublasLtCreate");
}

CudaGemms::~CudaGemms() {
  if (library_ != nullptr) cublasLtDestroy(library_);
}

std::unique_ptr<Gemm> CudaGemms::make(const GemmCall& call) {
  return std::make_unique<CudaGemm>(gpu_, library_, lanes_, call);
}

}  // namespace assay::device::cuda

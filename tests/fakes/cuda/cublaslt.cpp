// A double of cuBLASLt, of as much as assay calls: products are computed on the host, in the order
// of the stream they are given to. Trouble is that of the runtime's double, by the name of the
// call; any error becomes cuBLASLt's.
#include <cublasLt.h>

#include <cstring>
#include <memory>
#include <vector>

#include "kernels/float_formats.hpp"
#include "tests/fakes/cuda/state.hpp"

using namespace assay;
using namespace assay::fakes::cuda;

struct cublasLtContext {};

namespace {

/// What the opaque types hold here.
struct Product {
  cublasComputeType_t sums;
  cublasOperation_t turned[2] = {CUBLAS_OP_N, CUBLAS_OP_N};
};
struct Layout {
  cudaDataType_t type;
  std::uint64_t rows, columns;
  std::int64_t leading;
  std::int32_t batch = 1;
  std::int64_t stride = 0;
  std::size_t bytes_before(std::int32_t index) const;
};
struct Preference {
  std::uint64_t workspace;
  std::uint32_t alignment;
};
struct Algorithm {
  int id;
};

template <class Mine, class Opaque>
Mine& inside(Opaque* opaque) {
  static_assert(sizeof(Mine) <= sizeof(Opaque));
  return *reinterpret_cast<Mine*>(opaque);
}
template <class Mine, class Opaque>
const Mine& inside(const Opaque* opaque) {
  return *reinterpret_cast<const Mine*>(opaque);
}

cublasStatus_t status(cudaError_t code, cublasStatus_t failed) {
  return code == cudaSuccess ? CUBLAS_STATUS_SUCCESS : failed;
}

std::size_t width(cudaDataType_t type) {
  switch (type) {
    case CUDA_R_64F:
      return 8;
    case CUDA_R_32F:
      return 4;
    case CUDA_R_8F_E4M3:
      return 1;
    default:
      return 2;
  }
}
std::size_t Layout::bytes_before(std::int32_t index) const {
  return static_cast<std::size_t>(index * stride) * width(type);
}
std::size_t bytes_of(const Layout& layout) {
  return layout.bytes_before(layout.batch - 1) +
         static_cast<std::size_t>(layout.leading) * layout.columns * width(layout.type);
}

template <class Stored>
Stored load(const std::byte* data, std::size_t at) {
  Stored value;
  std::memcpy(&value, data + at * sizeof value, sizeof value);
  return value;
}

double element(const Layout& layout, const std::byte* data, std::size_t row, std::size_t column) {
  const auto at = row + column * static_cast<std::size_t>(layout.leading);
  switch (layout.type) {
    case CUDA_R_64F:
      return load<double>(data, at);
    case CUDA_R_32F:
      return static_cast<double>(load<float>(data, at));
    case CUDA_R_16F:
      return static_cast<double>(kernels::Half::widen(load<std::uint16_t>(data, at)));
    case CUDA_R_16BF:
      return static_cast<double>(kernels::Bfloat::widen(load<std::uint16_t>(data, at)));
    default:
      return static_cast<double>(kernels::E4m3::widen(load<std::uint8_t>(data, at)));
  }
}

template <class Stored>
void store(std::byte* data, std::size_t at, Stored value) {
  std::memcpy(data + at * sizeof value, &value, sizeof value);
}

void set_element(const Layout& layout, std::byte* data, std::size_t row, std::size_t column,
                 double value) {
  const auto at = row + column * static_cast<std::size_t>(layout.leading);
  const auto rounded = static_cast<float>(value);
  switch (layout.type) {
    case CUDA_R_64F:
      return store(data, at, value);
    case CUDA_R_32F:
      return store(data, at, rounded);
    case CUDA_R_16F:
      return store(data, at, kernels::Half::narrow(rounded));
    default:
      return store(data, at, kernels::Bfloat::narrow(rounded));
  }
}

struct Operand {
  Layout layout;
  cublasOperation_t turned;
  const std::byte* data;
  double at(std::size_t row, std::size_t column) const {
    return turned == CUBLAS_OP_N ? element(layout, data, row, column)
                                 : element(layout, data, column, row);
  }
  std::size_t columns() const { return turned == CUBLAS_OP_N ? layout.columns : layout.rows; }
};

/// `kept`: the factor of what is there.
void multiply(const Operand& a, const Operand& b, const Layout& to, std::byte* data, double kept) {
  const Operand before{to, CUBLAS_OP_N, data};
  for (std::size_t j = 0; j < to.columns; ++j)
    for (std::size_t i = 0; i < to.rows; ++i) {
      double sum = kept == 0 ? 0 : kept * before.at(i, j);
      for (std::size_t l = 0; l < a.columns(); ++l) sum += a.at(i, l) * b.at(l, j);
      set_element(to, data, i, j, sum);
    }
}

void multiply_all(Operand a, Operand b, const Layout& to, std::byte* data, double kept) {
  const auto *a_data = a.data, *b_data = b.data;
  for (std::int32_t i = 0; i < to.batch; ++i) {
    a.data = a_data + a.layout.bytes_before(i);
    b.data = b_data + b.layout.bytes_before(i);
    multiply(a, b, to, data + to.bytes_before(i), kept);
  }
}

/// fp8 only as tensor cores have it: the first matrix turned, the second not, and sizes that are
/// multiples of 16.
bool is_known(const Product& product, const Layout& a, const Layout& c) {
  if (a.batch != c.batch) return false;
  if (a.type != CUDA_R_8F_E4M3)
    return a.type == c.type || (c.type == CUDA_R_32F && width(a.type) == 2);
  return product.turned[0] == CUBLAS_OP_T && product.turned[1] == CUBLAS_OP_N && a.rows % 16 == 0 &&
         c.rows % 16 == 0 && c.columns % 16 == 0 && c.type == CUDA_R_16BF;
}

}  // namespace

extern "C" {

const char* cublasLtGetStatusName(cublasStatus_t code) {
  return code == CUBLAS_STATUS_EXECUTION_FAILED ? "CUBLAS_STATUS_EXECUTION_FAILED"
                                                : "CUBLAS_STATUS_UNKNOWN";
}
const char* cublasLtGetStatusString(cublasStatus_t) { return "a double's status"; }
size_t cublasLtGetVersion() { return 130002; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  const Entry entry = enter("cublasLtCreate");
  if (entry.error != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = new cublasLtContext;
  ++state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete handle;
  --state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* made, cublasComputeType_t sums,
                                        cudaDataType_t) {
  *made = new cublasLtMatmulDescOpaque_t{};
  inside<Product>(*made).sums = sums;
  ++state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t made) {
  delete made;
  --state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t made,
                                              cublasLtMatmulDescAttributes_t which,
                                              const void* value, size_t bytes) {
  const bool second = which == CUBLASLT_MATMUL_DESC_TRANSB;
  if (!second && which != CUBLASLT_MATMUL_DESC_TRANSA) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&inside<Product>(made).turned[second ? 1 : 0], value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* made, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t leading) {
  *made = new cublasLtMatrixLayoutOpaque_t{};
  inside<Layout>(*made) = {.type = type, .rows = rows, .columns = columns, .leading = leading};
  ++state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t made,
                                                cublasLtMatrixLayoutAttribute_t which,
                                                const void* value, size_t bytes) {
  auto& mine = inside<Layout>(made);
  if (which == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT)
    std::memcpy(&mine.batch, value, bytes);
  else if (which == CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET)
    std::memcpy(&mine.stride, value, bytes);
  else
    return CUBLAS_STATUS_INVALID_VALUE;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t made) {
  delete made;
  --state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* made) {
  *made = new cublasLtMatmulPreferenceOpaque_t{};
  ++state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t made) {
  delete made;
  --state().made.products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t made,
                                                    cublasLtMatmulPreferenceAttributes_t which,
                                                    const void* value, size_t bytes) {
  auto& mine = inside<Preference>(made);
  if (which == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) std::memcpy(&mine.workspace, value, bytes);
  if (which == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES)
    std::memcpy(&mine.alignment, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int,
                                              cublasLtMatmulHeuristicResult_t results[],
                                              int* found) {
  *found = 0;
  if (enter("cublasLtMatmulAlgoGetHeuristic").error != cudaSuccess ||
      !is_known(inside<Product>(product), inside<Layout>(a), inside<Layout>(d)))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  results[0] = {};
  inside<Algorithm>(&results[0].algo).id = 66;
  results[0].workspaceSize = inside<Preference>(preference).workspace / 2;
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                    cublasLtMatmulAlgoConfigAttributes_t which,
                                                    void* value, size_t bytes, size_t* written) {
  if (which == CUBLASLT_ALGO_CONFIG_ID) std::memcpy(value, &inside<Algorithm>(algorithm).id, bytes);
  *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void*,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t*, void* workspace, size_t workspace_bytes,
                              cudaStream_t stream) {
  const auto& how = inside<Product>(product);
  const bool wide = how.sums == CUBLAS_COMPUTE_64F;
  const double one =
      wide ? load<double>(static_cast<const std::byte*>(alpha), 0)
           : static_cast<double>(load<float>(static_cast<const std::byte*>(alpha), 0));
  const double kept =
      wide ? load<double>(static_cast<const std::byte*>(beta), 0)
           : static_cast<double>(load<float>(static_cast<const std::byte*>(beta), 0));
  const auto& to = inside<Layout>(d_layout);
  const Operand first{inside<Layout>(a_layout), how.turned[0],
                      static_cast<const std::byte*>(reach(a, bytes_of(inside<Layout>(a_layout))))};
  const Operand second{inside<Layout>(b_layout), how.turned[1],
                       static_cast<const std::byte*>(reach(b, bytes_of(inside<Layout>(b_layout))))};
  auto* result = static_cast<std::byte*>(reach(d, bytes_of(to)));
  if (one != 1 || (kept != 0 && kept != 1)) return CUBLAS_STATUS_INVALID_VALUE;
  if (first.data == nullptr || second.data == nullptr || result == nullptr ||
      reach(workspace, workspace_bytes) == nullptr)
    return CUBLAS_STATUS_EXECUTION_FAILED;
  // Memory that is zero when it is given to the first of them belongs to one stream.
  if (workspace_bytes >= sizeof stream) {
    auto& user = *static_cast<cudaStream_t*>(reach(workspace, workspace_bytes));
    if (user != nullptr && user != stream) return CUBLAS_STATUS_INVALID_VALUE;
    user = stream;
  }
  return status(enqueue(
                    "cublasLtMatmul", stream,
                    [=] { multiply_all(first, second, to, result, kept); }, result, bytes_of(to)),
                CUBLAS_STATUS_EXECUTION_FAILED);
}

}  // extern "C"

// gemm: C = A·B through OpenBLAS, on as many threads as cores are bound to the rank.
#include <cblas.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"

namespace assay::benchmarks {

namespace {

struct Sizes {
  std::size_t m, n, k;
  explicit Sizes(const Dims& dims) : m(size("m", dims)), n(size("n", dims)), k(size("k", dims)) {}

 private:
  static std::size_t size(std::string_view name, const Dims& dims) {
    return static_cast<std::size_t>(integer_dim(dims, name));
  }
};

void multiply(const Sizes& s, const float* a, const float* b, float* c) noexcept {
  const auto m = static_cast<blasint>(s.m), n = static_cast<blasint>(s.n),
             k = static_cast<blasint>(s.k);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}
void multiply(const Sizes& s, const double* a, const double* b, double* c) noexcept {
  const auto m = static_cast<blasint>(s.m), n = static_cast<blasint>(s.n),
             k = static_cast<blasint>(s.k);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
}

/// Elements are integers in [−4, 4], so every sum of products is exact in fp32 up to k = 2²⁰.
template <class T>
class PreparedGemm final : public bench::Prepared {
 public:
  explicit PreparedGemm(bench::Context& context)
      : context_(context),
        sizes_(context.spec.dims),
        rotation_(bench::rotation_over(context.rotation_bytes,
                                       {a_bytes(sizes_), b_bytes(sizes_), c_bytes(sizes_)})),
        turn_(rotation_.slots),
        a_(context.device, a_bytes(sizes_), rotation_.slots),
        b_(context.device, b_bytes(sizes_), rotation_.slots),
        c_(context.device, c_bytes(sizes_), rotation_.slots) {
    openblas_set_num_threads(context.threads);
    for (std::size_t slot = 0; slot < rotation_.slots; ++slot) {
      // Every slot has streams of its own, so that a product of another slot's matrices is wrong.
      fill(a_.slot(slot), 2 * slot, sizes_.m * sizes_.k);
      fill(b_.slot(slot), 2 * slot + 1, sizes_.k * sizes_.n);
      c_.poison(slot);
    }
  }

  Work work() const override {
    Work work;
    work.amount["flops"] = 2.0 * static_cast<double>(sizes_.m) * static_cast<double>(sizes_.n) *
                           static_cast<double>(sizes_.k);
    return work;
  }
  std::map<std::string, std::string> notes() const override {
    return {{"threads", std::to_string(context_.threads)},
            {"buffers", std::to_string(rotation_.slots)},
            {"rotated_bytes", std::to_string(rotation_.bytes)},
            {"library", openblas_get_config()}};
  }
  void reset(bench::Iteration iteration) override {
    if (iteration.last) announce();
  }
  void launch() noexcept override {
    const auto slot = turn_.take();
    multiply(sizes_, at(a_, slot), at(b_, slot), at(c_, slot));
  }

  /// C·x against A·(B·x) for an integer x: exact, and O(n²) where a second product would be O(n³)
  /// (Freivalds). A row that differs is computed anew to name its first wrong element.
  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      announce();
      launch();
    }
    const std::vector<double> x = probe();
    const std::vector<double> bx = product(at(b_, turn_.announced()), sizes_.k, sizes_.n, x);
    const std::vector<double> abx = product(at(a_, turn_.announced()), sizes_.m, sizes_.k, bx);
    const std::vector<double> cx = product(at(c_, turn_.announced()), sizes_.m, sizes_.n, x);
    VerifyReport report;
    report.checked = sizes_.m * sizes_.n;
    report.method = moment == Moment::before ? "extra call on the timed buffers" : "timed output";
    for (std::size_t i = 0; i < sizes_.m; ++i)
      if (!(cx[i] == abx[i])) check_row(i, report);
    PatternCheck guards(context_);
    for (const auto* ring : {&a_, &b_, &c_}) guards.guards("matrix", *ring, turn_.announced());
    report.wrong += guards.report().wrong;
    if (!report.first) report.first = guards.report().first;
    return report;
  }

 private:
  static std::size_t a_bytes(const Sizes& s) { return s.m * s.k * sizeof(T); }
  static std::size_t b_bytes(const Sizes& s) { return s.k * s.n * sizeof(T); }
  static std::size_t c_bytes(const Sizes& s) { return s.m * s.n * sizeof(T); }

  void announce() { c_.poison(turn_.announce()); }
  static T* at(const bench::BufferRing& ring, std::size_t slot) {
    return reinterpret_cast<T*>(ring.slot(slot));
  }

  static constexpr DataType type() { return sizeof(T) == 4 ? DataType::fp32 : DataType::fp64; }

  void fill(std::byte* to, std::uint64_t stream, std::size_t count) {
    kernels::Pattern pattern;
    pattern.type = type();
    for (std::size_t i = 0; i < kernels::pattern_entries; ++i) {
      const auto value = static_cast<T>(static_cast<int>(i % 9) - 4);
      if constexpr (sizeof(T) == 4)
        pattern.entries[i] = std::bit_cast<std::uint32_t>(value);
      else
        pattern.entries[i] = std::bit_cast<std::uint64_t>(value);
    }
    context_.device.fill(to, pattern, {bench::mix(context_.seed ^ stream), 0, count});
  }

  std::vector<double> probe() const {
    std::vector<double> x(sizes_.n);
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<double>(bench::mix(context_.seed ^ i) % 255) + 1;
    return x;
  }

  static std::vector<double> product(const T* matrix, std::size_t rows, std::size_t columns,
                                     const std::vector<double>& x) {
    std::vector<double> y(rows, 0);
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j)
        y[i] += static_cast<double>(matrix[i * columns + j]) * x[j];
    return y;
  }

  void check_row(std::size_t row, VerifyReport& report) const {
    for (std::size_t j = 0; j < sizes_.n; ++j) {
      double expected = 0;
      for (std::size_t l = 0; l < sizes_.k; ++l)
        expected += static_cast<double>(at(a_, turn_.announced())[row * sizes_.k + l]) *
                    static_cast<double>(at(b_, turn_.announced())[l * sizes_.n + j]);
      const auto actual = static_cast<double>(at(c_, turn_.announced())[row * sizes_.n + j]);
      if (actual == expected) continue;
      ++report.wrong;
      if (report.first) continue;
      report.first = WrongElement{
          context_.group.world_rank, context_.group.host,         "matrix C",
          row * sizes_.n + j,        fmt::format("{}", expected), fmt::format("{}", actual)};
    }
  }

  bench::Context& context_;
  Sizes sizes_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  bench::BufferRing a_, b_, c_;
};

class Gemm final : public bench::Benchmark {
 public:
  Gemm() {
    info_.name = "gemm";
    info_.what = "matrix product C = A·B on the cores bound to the rank";
    info_.dims = {{"type", std::string("fp64"), {"fp32", "fp64"}},
                  {"m", std::int64_t{1024}, {}},
                  {"n", std::int64_t{1024}, {}},
                  {"k", std::int64_t{1024}, {}}};
    info_.metrics = {"flops", "time"};
    info_.default_layout = "each";
    info_.memory_bytes = [](const Dims& dims, int) {
      const Sizes s(dims);
      return 8.0 * static_cast<double>(s.m * s.k + s.k * s.n + s.m * s.n);
    };
    info_.seconds = [](const Dims& dims, int) {
      const Sizes s(dims);
      return 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k) /
             1e10;
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts&) const override {
    for (const auto* dim : {"m", "n", "k"}) {
      const auto size = integer_dim(spec.dims, dim);
      if (size < 1 || size > 1 << 20)
        return {fmt::format("{} = {}: a matrix has 1 to 1048576 rows or columns here", dim, size)};
    }
    return {};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    if (text_dim(context.spec.dims, "type") == "fp32")
      return std::make_unique<PreparedGemm<float>>(context);
    return std::make_unique<PreparedGemm<double>>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_gemm() { return std::make_shared<Gemm>(); }

}  // namespace assay::benchmarks

// gemm: C = A·B on as many threads as cores are bound to the rank, or on its GPU.
#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/gemm_data.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"

namespace assay::benchmarks {

namespace {

using device::GemmType;

constexpr std::int64_t most = 1 << 20;  ///< rows or columns
constexpr std::int64_t fp8_step = 16;   ///< sizes of fp8 matrices are multiples of it

device::GemmCall call_for(const Dims& dims) {
  const auto size = [&dims](std::string_view name) {
    return static_cast<std::size_t>(integer_dim(dims, name));
  };
  device::GemmCall call{.type = device::gemm_type_from(text_dim(dims, "type")).value(),
                        .m = size("m"),
                        .n = size("n"),
                        .k = size("k")};
  // The only way that tensor cores take fp8. (The other types: as a user's matrices mostly lie.)
  if (call.type == GemmType::fp8_e4m3) call.b = device::Stored::by_columns;
  return call;
}

/// Bytes of the matrices.
struct Sizes {
  explicit Sizes(const device::GemmCall& call)
      : a(call.m * call.k * size_of(device::info(call.type).in)),
        b(call.k * call.n * size_of(device::info(call.type).in)),
        c(call.m * call.n * size_of(device::info(call.type).out)) {}
  std::size_t a, b, c;
};

class PreparedGemm final : public bench::Prepared {
 public:
  explicit PreparedGemm(bench::Context& context)
      : context_(context),
        call_(call_for(context.spec.dims)),
        sizes_(call_),
        rotation_(bench::rotation_over(context.rotation_bytes, {sizes_.a, sizes_.b, sizes_.c})),
        turn_(rotation_.slots),
        a_(context.device, sizes_.a, rotation_.slots),
        b_(context.device, sizes_.b, rotation_.slots),
        c_(context.device, sizes_.c, rotation_.slots) {
    call_.alignment = alignment();
    call_.threads = context.threads;
    gemm_ = context.device.gemm(call_);
    for (std::size_t slot = 0; slot < rotation_.slots; ++slot) {
      const auto matrices = data(slot);
      matrices.write_a(context.device, a_.slot(slot));
      matrices.write_b(context.device, b_.slot(slot));
      c_.poison(slot);
    }
  }

  Work work() const override {
    Work work;
    work.amount["flops"] = 2.0 * static_cast<double>(call_.m) * static_cast<double>(call_.n) *
                           static_cast<double>(call_.k);
    return work;
  }
  std::map<std::string, std::string> notes() const override {
    auto notes = gemm_->notes();
    notes["buffers"] = std::to_string(rotation_.slots);
    notes["rotated_bytes"] = std::to_string(rotation_.bytes);
    notes["result"] = name(device::info(call_.type).out);
    if (call_.b == device::Stored::by_columns) notes["stored"] = "A by rows, B by columns";
    return notes;
  }
  void reset(bench::Iteration iteration) override {
    if (iteration.last) announce();
  }
  void launch() noexcept override {
    const auto slot = turn_.take();
    gemm_->launch(a_.slot(slot), b_.slot(slot), c_.slot(slot));
  }
  void check() const override { gemm_->check(); }

  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      announce();
      launch();
    }
    PatternCheck guards(context_);
    for (const auto* ring : {&a_, &b_, &c_}) guards.guards("matrix", *ring, turn_.announced());
    auto report = guards.report();
    report.method = moment == Moment::before ? "extra call on the timed buffers" : "timed output";
    check_result(report);
    return report;
  }

 private:
  void announce() { c_.poison(turn_.announce()); }

  /// Every slot has matrices of its own, so that a product of another slot's is wrong.
  GemmData data(std::size_t slot) const { return {call_, bench::mix(context_.seed ^ slot)}; }

  /// What the addresses of all slots have in common; more than 256 helps nobody.
  std::size_t alignment() const {
    std::uintptr_t bits = 256;
    for (const auto* ring : {&a_, &b_, &c_})
      for (std::size_t slot = 0; slot < ring->slots(); ++slot)
        bits |= reinterpret_cast<std::uintptr_t>(ring->slot(slot));
    return std::size_t{1} << std::countr_zero(bits);
  }

  /// Every element, some rows at a time.
  void check_result(VerifyReport& report) {
    constexpr std::size_t most_bytes = std::size_t{16} << 20;
    const auto row_bytes = sizes_.c / call_.m;
    const auto matrices = data(turn_.announced());
    const auto at_once = std::clamp<std::size_t>(most_bytes / row_bytes, 1, call_.m);
    std::vector<std::byte> rows(at_once * row_bytes);
    for (std::size_t first = 0; first < call_.m; first += at_once) {
      const auto count = std::min(at_once, call_.m - first);
      context_.device.get(std::span(rows).first(count * row_bytes),
                          c_.slot(turn_.announced()) + first * row_bytes);
      for (std::size_t row = 0; row < count; ++row)
        check_row(first + row, rows.data() + row * row_bytes, matrices, report);
    }
  }

  void check_row(std::size_t row, const std::byte* elements, const GemmData& matrices,
                 VerifyReport& report) const {
    const auto type = device::info(call_.type).out;
    for (std::size_t j = 0; j < call_.n; ++j) {
      const auto expected = matrices.expected(row, j);
      const auto actual = element_value(type, elements + j * size_of(type));
      if (actual == expected) continue;
      ++report.wrong;
      if (report.first) continue;
      report.first = WrongElement{
          context_.group.world_rank, context_.group.host,         "matrix C",
          row * call_.n + j,         fmt::format("{}", expected), fmt::format("{}", actual)};
    }
    report.checked += call_.n;
  }

  bench::Context& context_;
  device::GemmCall call_;
  Sizes sizes_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  bench::BufferRing a_, b_, c_;
  std::unique_ptr<device::Gemm> gemm_;
};

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const auto& row : device::gemm_types) names.emplace_back(row.name);
  return names;
}

std::string names_on_host() {
  std::string names;
  for (const auto& row : device::gemm_types)
    if (row.on_host) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

class GemmBenchmark final : public bench::Benchmark {
 public:
  GemmBenchmark() {
    info_.name = "gemm";
    info_.what = "matrix product C = A·B on the cores bound to the rank, or on its GPU";
    info_.dims = {{"memory", std::string("host"), {"host", "device"}},
                  {"type", std::string("fp64"), type_names()},
                  {"m", std::int64_t{1024}, {}},
                  {"n", std::int64_t{1024}, {}},
                  {"k", std::int64_t{1024}, {}}};
    info_.metrics = {"flops", "time", "wall_time"};
    info_.default_layout = "each";
    info_.memory_bytes = [](const Case& spec, int) {
      const Sizes sizes(call_for(spec.dims));
      return static_cast<double>(sizes.a + sizes.b + sizes.c);
    };
    info_.seconds = [](const Case& spec, int) {
      const auto call = call_for(spec.dims);
      const bool host = text_dim(spec.dims, "memory") == "host";
      return 2.0 * static_cast<double>(call.m) * static_cast<double>(call.n) *
             static_cast<double>(call.k) / (host ? 1e10 : 1e13);
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts&) const override {
    const auto type = device::gemm_type_from(text_dim(spec.dims, "type")).value();
    if (text_dim(spec.dims, "memory") == "host" && !device::info(type).on_host)
      return {fmt::format("{} is multiplied on GPUs only (memory=device); in the host's memory: {}",
                          device::info(type).name, names_on_host())};
    for (const auto* dim : {"m", "n", "k"}) {
      const auto size = integer_dim(spec.dims, dim);
      if (size < 1 || size > most)
        return {fmt::format("{} = {}: a matrix has 1 to {} rows or columns here", dim, size, most)};
      if (type == GemmType::fp8_e4m3 && size % fp8_step != 0)
        return {
            fmt::format("{} = {}: sizes of fp8 matrices are multiples of {}", dim, size, fp8_step)};
    }
    return {};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedGemm>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_gemm() { return std::make_shared<GemmBenchmark>(); }

}  // namespace assay::benchmarks

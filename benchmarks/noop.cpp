// noop: launches nothing. Its time is what the harness itself adds to every sample.
#include "benchmarks/catalogue.hpp"

namespace assay::benchmarks {

namespace {

class PreparedNoop final : public bench::Prepared {
 public:
  Work work() const override { return {}; }
  void launch() noexcept override {}
};

class Noop final : public bench::Benchmark {
 public:
  Noop() {
    info_.name = "noop";
    info_.what = "nothing: the time the harness itself adds to a sample";
    info_.metrics = {"time"};
    info_.seconds = [](const Case&, int) { return 2e-6; };
    info_.memory_bytes = [](const Case&, int) { return 0.0; };
  }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context&) const override {
    return std::make_unique<PreparedNoop>();
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_noop() { return std::make_shared<Noop>(); }

}  // namespace assay::benchmarks

// launch: what giving a GPU work costs that takes it no time. (time: by its own events, from before
// the launch to after it; wall_time: until the host has seen the end.)
#include "benchmarks/catalogue.hpp"

namespace assay::benchmarks {

namespace {

class PreparedLaunch final : public bench::Prepared {
 public:
  explicit PreparedLaunch(device::Device& device) : device_(device) {}
  Work work() const override { return {}; }
  void launch() noexcept override { device_.do_nothing(); }

 private:
  device::Device& device_;
};

class LaunchBenchmark final : public bench::Benchmark {
 public:
  LaunchBenchmark() {
    info_.name = "launch";
    info_.what = "GPU: a kernel that does nothing";
    info_.dims = {{"memory", std::string("device"), {"device"}}};
    info_.metrics = {"time", "wall_time"};
    info_.default_layout = "each";
    info_.seconds = [](const Case&, int) { return 20e-6; };
  }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedLaunch>(context.device);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_launch() {
  return std::make_shared<LaunchBenchmark>();
}

}  // namespace assay::benchmarks

// host_copy: what goes between a GPU and pinned memory of its host, one way or both ways at once.
#include <cstring>
#include <optional>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::string_view to_device = "to_device", to_host = "to_host", both = "both";

/// A stream of bytes for each way, from a source that is never written to a target.
class PreparedHostCopy final : public bench::Prepared {
 public:
  explicit PreparedHostCopy(bench::Context& context)
      : context_(context),
        link_(*context.device.host_link()),
        bytes_(static_cast<std::size_t>(integer_dim(context.spec.dims, "bytes"))),
        in_(text_dim(context.spec.dims, "way") != to_host),
        out_(text_dim(context.spec.dims, "way") != to_device) {
    if (in_) {
      in_host_ = link_.allocate(bytes_);
      in_device_.emplace(context.device, bytes_, 1);
      kernels::fill(in_host_.data(), pattern(), slice(in_stream));
    }
    if (out_) {
      out_host_ = link_.allocate(bytes_);
      out_device_.emplace(context.device, bytes_, 1);
      context.device.fill(out_device_->slot(0), pattern(), slice(out_stream));
    }
    poison();
  }

  Work work() const override {
    Work work;
    if (bytes_ > 0)
      work.amount["bytes"] = static_cast<double>(bytes_) * (in_ && out_ ? 2 : 1);
    else
      work.absent["bytes"] = "no bytes are moved";
    return work;
  }
  void reset(bench::Iteration iteration) override {
    if (iteration.last) poison();
  }
  void launch() noexcept override {
    const device::LinkEnds in{in_ ? in_device_->slot(0) : nullptr, in_host_.data()};
    const device::LinkEnds out{out_ ? out_device_->slot(0) : nullptr, out_host_.data()};
    if (in_ && out_)
      link_.both_ways(in, out, bytes_);
    else if (in_)
      link_.to_device(in, bytes_);
    else
      link_.to_host(out, bytes_);
  }
  void check() const override { link_.check(); }

  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      poison();
      launch();
    }
    PatternCheck check(context_);
    if (in_) {
      check.data(in_device_->slot(0), pattern(), slice(in_stream), 0);
      check.guards("device", *in_device_, 0);
    }
    if (out_) {
      context_.device.wait();
      check.data_on(*host_, out_host_.data(), pattern(), slice(out_stream), 0);
    }
    auto report = check.report();
    report.method = moment == Moment::before ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  static constexpr std::uint64_t in_stream = 0, out_stream = 1;
  void poison() {
    if (in_) in_device_->poison(0);
    context_.device.wait();
    if (out_) std::memset(out_host_.data(), device::poison_byte, bytes_);
  }
  kernels::Pattern pattern() const {
    return kernels::movement(DataType::uint8, context_.group.rank, context_.seed);
  }
  kernels::Slice slice(std::uint64_t stream) const {
    return {bench::mix(context_.seed ^ stream), 0, bytes_};
  }

  bench::Context& context_;
  device::HostLink& link_;
  std::size_t bytes_;
  bool in_, out_;
  std::unique_ptr<device::Device> host_ = device::make_host_device();
  device::Buffer in_host_, out_host_;
  std::optional<bench::BufferRing> in_device_, out_device_;
};

class HostCopyBenchmark final : public bench::Benchmark {
 public:
  HostCopyBenchmark() {
    info_.name = "host_copy";
    info_.what = "GPU: copies from and to pinned memory of its host";
    info_.dims = {{"memory", std::string("device"), {"device"}},
                  {"way",
                   std::string(to_device),
                   {std::string(to_device), std::string(to_host), std::string(both)}},
                  {"bytes", std::int64_t{64} << 20, {}}};
    info_.metrics = {"bandwidth", "time", "wall_time"};
    info_.default_layout = "each";
    info_.memory_bytes = [](const Case& spec, int) {
      return 2.0 * static_cast<double>(integer_dim(spec.dims, "bytes"));
    };
    info_.seconds = [](const Case& spec, int) {
      return static_cast<double>(integer_dim(spec.dims, "bytes")) / 10e9;
    };
  }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    invariant(context.device.host_link() != nullptr, "a device has a link to its host");
    return std::make_unique<PreparedHostCopy>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_host_copy() {
  return std::make_shared<HostCopyBenchmark>();
}

}  // namespace assay::benchmarks

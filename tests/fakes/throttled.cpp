#include "tests/fakes/throttled.hpp"

#include "harness/core/local_clock.hpp"

namespace assay::fakes {

namespace {

using device::Device;

class SlowGemm final : public device::Gemm {
 public:
  SlowGemm(std::unique_ptr<Gemm> inner, double factor)
      : inner_(std::move(inner)), factor_(factor) {}
  void launch(const std::byte* a, const std::byte* b, std::byte* c) noexcept override {
    const auto begin = now_ns();
    inner_->launch(a, b, c);
    const auto end =
        begin + static_cast<std::int64_t>(static_cast<double>(now_ns() - begin) * factor_);
    while (now_ns() < end) {
    }
  }
  void check() const override { inner_->check(); }
  std::map<std::string, std::string> notes() const override { return inner_->notes(); }

 private:
  std::unique_ptr<Gemm> inner_;
  double factor_;
};

class SlowDevice final : public Device {
 public:
  SlowDevice(Device& inner, double factor) : inner_(inner), factor_(factor) {}
  device::MemoryKind memory() const override { return inner_.memory(); }
  device::Buffer allocate(std::size_t bytes) override { return inner_.allocate(bytes); }
  void fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) override {
    inner_.fill(out, pattern, slice);
  }
  kernels::Mismatch verify(const std::byte* data, const kernels::Pattern& pattern,
                           kernels::Slice slice) override {
    return inner_.verify(data, pattern, slice);
  }
  void poison(std::byte* out, std::size_t bytes) override { inner_.poison(out, bytes); }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept override {
    inner_.copy(to, from, bytes);
  }
  void reduce(std::byte* acc, const std::byte* in, std::size_t count,
              device::Reduction reduction) noexcept override {
    inner_.reduce(acc, in, count, reduction);
  }
  void divide(std::byte* data, std::size_t count, DataType type, int divisor) noexcept override {
    inner_.divide(data, count, type, divisor);
  }
  void copy_doubles(double* b, const double* a, std::size_t count) noexcept override {
    inner_.copy_doubles(b, a, count);
  }
  void triad(double* a, const double* b, const double* c, double s,
             std::size_t count) noexcept override {
    inner_.triad(a, b, c, s, count);
  }
  void write(double* a, double value, std::size_t count) noexcept override {
    inner_.write(a, value, count);
  }
  void fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept override {
    inner_.fold(bits, a, count);
  }
  void softmax(std::byte* data, const kernels::Rows& rows, DataType type) noexcept override {
    inner_.softmax(data, rows, type);
  }
  void softmax_gradient(const std::byte* data, std::byte* gradient, const kernels::Rows& rows,
                        DataType type) noexcept override {
    inner_.softmax_gradient(data, gradient, rows, type);
  }
  std::size_t cached_bytes() const override { return inner_.cached_bytes(); }
  void do_nothing() noexcept override { inner_.do_nothing(); }
  std::string kernels() const override { return inner_.kernels(); }
  void put(std::byte* to, std::span<const std::byte> from) override { inner_.put(to, from); }
  void get(std::span<std::byte> to, const std::byte* from) override { inner_.get(to, from); }
  std::unique_ptr<device::Gemm> gemm(const device::GemmCall& call) override {
    return std::make_unique<SlowGemm>(inner_.gemm(call), factor_);
  }
  void wait() noexcept override { inner_.wait(); }
  std::unique_ptr<device::Streams> streams(std::size_t streams, std::size_t events) override {
    return inner_.streams(streams, events);
  }
  device::Stopwatch* stopwatch() override { return inner_.stopwatch(); }
  device::HostLink* host_link() override { return inner_.host_link(); }
  device::PeerLink* peer_link() override { return inner_.peer_link(); }
  void check() const override { inner_.check(); }

 private:
  Device& inner_;
  double factor_;
};

}  // namespace

Throttled::Throttled(const bench::Context& context, double factor)
    : device_(std::make_unique<SlowDevice>(context.device, factor)),
      context_{context.spec,         context.group,     *device_,
               context.communicator, context.seed,      context.rotation_bytes,
               context.threads,      context.companion, context.axes} {}

}  // namespace assay::fakes

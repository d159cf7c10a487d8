// copy, triad, read and write: what a rank gets of its memory's bandwidth, or of its GPU's.
// (STREAM's kernels and byte weights, J. McCalpin: copy 16, triad 24 bytes per element of fp64,
// whatever the hardware moves in fact.)
#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "kernels/kernels.hpp"

namespace assay::benchmarks {

namespace {

constexpr double scalar = 2;

/// What a kernel works on; where it has fewer inputs, the last ones are null.
struct Arrays {
  double* out;
  const double *b, *c;
};

struct MemoryKernel {
  std::string_view name, what;
  std::size_t inputs;
  bool folds;  ///< all into one word; else an element into an element
  double bytes_per_element;
  void (*run)(device::Device& device, const Arrays& arrays, std::size_t count) noexcept;
  /// Of elements of the inputs; of nothing where there are none.
  double (*result)(double b, double c);
};

constexpr MemoryKernel copy_kernel{
    "copy",
    "memory: b[i] = a[i]",
    1,
    false,
    16,
    [](device::Device& device, const Arrays& x, std::size_t n) noexcept {
      device.copy_doubles(x.out, x.b, n);
    },
    [](double b, double) { return b; }};
constexpr MemoryKernel triad_kernel{
    "triad",
    "memory: a[i] = b[i] + s·c[i]",
    2,
    false,
    24,
    [](device::Device& device, const Arrays& x, std::size_t n) noexcept {
      device.triad(x.out, x.b, x.c, scalar, n);
    },
    [](double b, double c) { return b + scalar * c; }};
constexpr MemoryKernel write_kernel{"write",
                                    "memory: a[i] = s",
                                    0,
                                    false,
                                    8,
                                    [](device::Device& device, const Arrays& x,
                                       std::size_t n) noexcept { device.write(x.out, scalar, n); },
                                    [](double, double) { return scalar; }};
/// What is poisoned before a launch that is verified is part of the result.
constexpr MemoryKernel read_kernel{
    "read",
    "memory: exclusive or of all a[i]",
    1,
    true,
    8,
    [](device::Device& device, const Arrays& x, std::size_t n) noexcept {
      device.fold(reinterpret_cast<std::byte*>(x.out), reinterpret_cast<const std::byte*>(x.b), n);
    },
    [](double b, double) { return b; }};

std::size_t elements_of(const Dims& dims) {
  return static_cast<std::size_t>(integer_dim(dims, "bytes")) / sizeof(double);
}

/// Ring 0 is written; the others are read. All pick entries of their patterns by the same index, so
/// the result is a pattern too: entry by entry what the kernel makes of the inputs' entries.
class PreparedMemory final : public bench::Prepared {
 public:
  PreparedMemory(const MemoryKernel& kernel, bench::Context& context)
      : kernel_(kernel),
        context_(context),
        count_(elements_of(context.spec.dims)),
        rotation_(bench::rotation_over(context.rotation_bytes, ring_bytes())),
        turn_(rotation_.slots) {
    for (const auto bytes : ring_bytes())
      rings_.emplace_back(context.device, bytes, rotation_.slots);
    for (std::size_t i = 1; i < rings_.size(); ++i) {
      const auto pattern = input(i);
      for (std::size_t slot = 0; slot < rotation_.slots; ++slot)
        context.device.fill(rings_[i].slot(slot), pattern, slice(slot));
    }
    for (std::size_t slot = 0; slot < rotation_.slots; ++slot) rings_[0].poison(slot);
  }

  Work work() const override {
    Work work;
    if (count_ > 0)
      work.amount["bytes"] = kernel_.bytes_per_element * static_cast<double>(count_);
    else
      work.absent["bytes"] = "no bytes are moved";
    return work;
  }
  std::map<std::string, std::string> notes() const override {
    return {{"elements", std::to_string(count_)},
            {"buffers", std::to_string(rotation_.slots)},
            {"rotated_bytes", std::to_string(rotation_.bytes)},
            {"kernel", context_.device.kernels()}};
  }
  void reset(bench::Iteration iteration) override {
    if (iteration.last) announce();
  }
  void launch() noexcept override {
    const auto slot = turn_.take();
    kernel_.run(context_.device, {array(0, slot), array(1, slot), array(2, slot)}, count_);
  }

  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      announce();
      launch();
    }
    PatternCheck check(context_);
    const auto slot = turn_.announced();
    if (kernel_.folds)
      check.data(rings_[0].slot(slot), folded(slot), {0, 0, 1}, 0);
    else
      check.data(rings_[0].slot(slot), expected(), slice(slot), 0);
    for (const auto& ring : rings_) check.guards("array", ring, turn_.announced());
    auto report = check.report();
    report.method = moment == Moment::before ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  void announce() { rings_[0].poison(turn_.announce()); }
  std::vector<std::size_t> ring_bytes() const {
    const auto all = count_ * sizeof(double);
    std::vector<std::size_t> bytes(kernel_.inputs + 1, all);
    if (kernel_.folds) bytes[0] = sizeof(double);
    return bytes;
  }
  double* array(std::size_t which, std::size_t slot) const {
    return which < rings_.size() ? reinterpret_cast<double*>(rings_[which].slot(slot)) : nullptr;
  }
  /// Every slot has a stream of its own, so that output of another slot is stale data.
  kernels::Slice slice(std::size_t slot) const {
    return {bench::mix(context_.seed ^ slot), 0, count_};
  }
  kernels::Pattern input(std::size_t array) const {
    return kernels::contribution(DataType::fp64, ReduceOp::sum, 2, static_cast<int>(array) - 1,
                                 context_.seed);
  }
  kernels::Pattern expected() const {
    auto pattern = input(1);
    const auto other = input(2);
    for (std::size_t i = 0; i < kernels::pattern_entries; ++i)
      pattern.entries[i] = std::bit_cast<std::uint64_t>(kernel_.result(
          std::bit_cast<double>(pattern.entries[i]), std::bit_cast<double>(other.entries[i])));
    return pattern;
  }

  /// One word: what was poisoned, and all that the slot's input holds.
  kernels::Pattern folded(std::size_t slot) const {
    const auto pattern = input(1);
    const auto where = slice(slot);
    std::array<bool, kernels::pattern_entries> odd{};
    for (std::size_t i = 0; i < count_; ++i) {
      auto& met = odd[kernels::pattern_entry(where.seed, i)];
      met = !met;
    }
    std::uint64_t bits = 0;
    std::memset(&bits, device::poison_byte, sizeof bits);
    for (std::size_t entry = 0; entry < odd.size(); ++entry)
      if (odd[entry]) bits ^= pattern.entries[entry];
    kernels::Pattern word;
    word.type = DataType::uint64;
    word.entries.fill(bits);
    return word;
  }

  const MemoryKernel& kernel_;
  bench::Context& context_;
  std::size_t count_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  std::vector<bench::BufferRing> rings_;
};

class MemoryBenchmark final : public bench::Benchmark {
 public:
  explicit MemoryBenchmark(const MemoryKernel& kernel) : kernel_(kernel) {
    info_.name = kernel.name;
    info_.what = kernel.what;
    info_.dims = {{"memory", std::string("host"), {"host", "device"}},
                  {"bytes", std::int64_t{64} << 20, {}}};
    info_.metrics = {"bandwidth", "time", "wall_time"};
    info_.default_layout = "each";
    info_.memory_bytes = [](const Case& spec, int) {
      return 3.0 * static_cast<double>(integer_dim(spec.dims, "bytes"));
    };
    info_.seconds = [](const Case& spec, int) {
      const bool host = text_dim(spec.dims, "memory") == "host";
      return static_cast<double>(integer_dim(spec.dims, "bytes")) / (host ? 2e9 : 1e12);
    };
  }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedMemory>(kernel_, context);
  }

 private:
  const MemoryKernel& kernel_;
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_copy() {
  return std::make_shared<MemoryBenchmark>(copy_kernel);
}
std::shared_ptr<const bench::Benchmark> make_triad() {
  return std::make_shared<MemoryBenchmark>(triad_kernel);
}
std::shared_ptr<const bench::Benchmark> make_read() {
  return std::make_shared<MemoryBenchmark>(read_kernel);
}
std::shared_ptr<const bench::Benchmark> make_write() {
  return std::make_shared<MemoryBenchmark>(write_kernel);
}

}  // namespace assay::benchmarks

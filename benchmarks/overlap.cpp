// overlap: how much of a collective is hidden behind compute. Every iteration is three launches:
// the nonblocking collective alone, compute alone that takes about as long, and both at once.
#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/nonblocking_collective.hpp"
#include "harness/bench/trial.hpp"

namespace assay::benchmarks {

namespace {

/// Median of `times`, an odd number of them: what a hiccup does not move.
double middle(std::vector<double> times) {
  const auto at = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), at, times.end());
  return *at;
}

/// Triads over arrays that stay in a cache, so that compute and messages share the core, or the
/// GPU, but hardly the memory.
class Compute {
 public:
  explicit Compute(device::Device& device)
      : device_(device),
        elements_(elements_in(device.cached_bytes())),
        arrays_(device.allocate(3 * elements_ * sizeof(double))) {
    for (std::size_t i = 1; i < 3; ++i)
      device.fill(reinterpret_cast<std::byte*>(array(i)),
                  kernels::contribution(DataType::fp64, ReduceOp::sum, 2, 0, i), {i, 0, elements_});
  }
  void run(std::int64_t tiles) noexcept {
    for (std::int64_t i = 0; i < tiles; ++i)
      device_.triad(array(0), array(1), array(2), 2, elements_);
  }
  /// Seconds of one tile.
  double time_tile() {
    constexpr std::int64_t at_once = 64;
    run(at_once);
    std::vector<double> times(9);
    for (auto& time : times)
      time = bench::seconds_of(device_, [&] { run(at_once); }) / static_cast<double>(at_once);
    return *std::min_element(times.begin(), times.end());
  }

 private:
  /// Of each of three arrays, whole cache lines.
  static std::size_t elements_in(std::size_t bytes) {
    constexpr std::size_t line = 64 / sizeof(double);
    return std::max(line, bytes / 3 / sizeof(double) / line * line);
  }
  double* array(std::size_t index) const noexcept {
    return reinterpret_cast<double*>(arrays_.data()) + index * elements_;
  }
  device::Device& device_;
  std::size_t elements_;
  device::Buffer arrays_;
};

class PreparedOverlap final : public bench::Prepared {
 public:
  explicit PreparedOverlap(const bench::Context& context)
      : device_(context.device),
        collective_(context),
        compute_(context.device),
        polls_(text_dim(context.spec.dims, "progress") == "poll") {}

  Work work() const override { return {}; }
  comm::LaunchInfo launch_info() const override { return collective_.info(); }
  std::map<std::string, std::string> notes() const override {
    auto notes = collective_.notes();
    notes["compute"] = "triad in cache";
    notes["tiles"] = std::to_string(tiles_);
    notes["tiles_between_polls"] = polls_ ? std::to_string(tiles_per_slice_) : "no polls";
    return notes;
  }
  bench::Turns turns() const override {
    return {{"t_comm", "t_compute"}, "overlap", bench::overlap_ratio};
  }

  bench::Support calibrate(comm::Team& group) override {
    constexpr int untimed = 3;
    std::vector<double> times(7);
    for (int i = 0; i < untimed; ++i) communicate();
    for (auto& time : times) {
      group.barrier();
      time = bench::seconds_of(device_, [this] { communicate(); });
    }
    collective_.check();
    std::vector<double> longest{middle(std::move(times)), compute_.time_tile()};
    group.max(longest);
    tiles_ = tiles_in(longest[0], longest[1]);
    tiles_per_slice_ = std::min(tiles_, tiles_in(poll_every_s, longest[1]));
    return {};
  }

  void reset(bench::Iteration iteration) override {
    if (iteration.last) collective_.announce();
  }
  void launch() noexcept override {
    const auto turn = turn_;
    turn_ = turn_ == 2 ? 0 : turn_ + 1;
    if (turn == 0) return communicate();
    if (turn == 1) return compute_.run(tiles_);
    overlap();
  }
  void check() const override { collective_.check(); }

  VerifyReport verify(Moment moment) override {
    const bool extra = moment == Moment::before;
    if (extra) {
      collective_.announce();
      overlap();
      check();
    }
    auto report = collective_.compare();
    report.method = extra ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  static constexpr double poll_every_s = 10e-6;

  static std::int64_t tiles_in(double time_s, double tile_s) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(time_s / tile_s));
  }

  void communicate() noexcept {
    collective_.start();
    collective_.wait();
  }
  void overlap() noexcept {
    collective_.start();
    if (polls_)
      for (auto left = tiles_; left > 0; left -= tiles_per_slice_) {
        compute_.run(std::min(left, tiles_per_slice_));
        collective_.test();
      }
    else
      compute_.run(tiles_);
    collective_.wait();
  }

  device::Device& device_;
  NonblockingCollective collective_;
  Compute compute_;
  bool polls_;
  std::int64_t tiles_ = 1, tiles_per_slice_ = 1;
  int turn_ = 0;
};

class Overlap final : public bench::Benchmark {
 public:
  Overlap() {
    info_.name = "overlap";
    info_.what = "how much of a nonblocking collective is hidden behind compute";
    info_.dims = nonblocking_dims();
    info_.dims.push_back({"progress", std::string("none"), {"none", "poll"}});
    info_.metrics = {"overlap", "time", "comm_time", "compute_time"};
    info_.memory_bytes = [](const Case& spec, int) {
      return 2.0 * static_cast<double>(integer_dim(spec.dims, "bytes"));
    };
    // Four times the collective: alone, as compute, and at worst one after the other.
    info_.seconds = [](const Case& spec, int ranks) {
      return 4 * (20e-6 * ranks + static_cast<double>(integer_dim(spec.dims, "bytes")) / 1e9);
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    if (spec.protocol.pacing != Pacing::isolated)
      return {"its launches take turns, each after a barrier: use pacing isolated"};
    if (auto reason = nonblocking_refusal(spec.dims, facts); !reason.empty())
      return {std::move(reason)};
    if (text_dim(spec.dims, "progress") == "poll" &&
        bench::timed_by(info_, spec.dims, facts.backends) == bench::TimedBy::device)
      return {fmt::format("{} goes on by itself, and nobody polls: use progress none",
                          text_dim(spec.dims, "backend"))};
    return {};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedOverlap>(context);
  }

 private:
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_overlap() { return std::make_shared<Overlap>(); }

}  // namespace assay::benchmarks

// congestion: a collective while another one goes on under another layout, against the same alone.
// Every iteration is three launches: the collective alone; both, until the other one is complete;
// both, until the collective itself is.
#include <fmt/format.h>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/nonblocking_collective.hpp"
#include "harness/core/beside.hpp"
#include "harness/core/error.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::benchmarks {

namespace {

Beside beside_in(const Dims& dims) { return parse_beside(text_dim(dims, "beside"), "beside"); }

/// The other collective as a case of its own, on the same back end.
Case companion_case(const Case& spec) {
  auto beside = beside_in(spec.dims);
  auto companion = spec;
  for (auto& [key, value] : beside.dims) companion.dims.insert_or_assign(key, std::move(value));
  companion.dims.insert_or_assign("collective", beside.collective);
  companion.layout = beside.layout;
  return companion;
}

bench::Context companion_context(const bench::Context& context, const Case& spec) {
  invariant(context.companion.communicator != nullptr, "a companion needs a communicator");
  auto companion = bench::for_case(context, spec);
  companion.group = context.companion.group;
  companion.communicator = context.companion.communicator;
  companion.seed = bench::mix(context.seed);
  return companion;
}

double slowdown(std::span<const double> times_s) { return times_s[2] / times_s[0]; }

class PreparedCongestion final : public bench::Prepared {
 public:
  explicit PreparedCongestion(const bench::Context& context)
      : device_(context.device),
        collective_(context),
        companion_case_(companion_case(context.spec)),
        companion_context_(companion_context(context, companion_case_)),
        companion_(companion_context_) {}
  ~PreparedCongestion() override { finish(); }

  Work work() const override { return {}; }
  comm::LaunchInfo launch_info() const override { return collective_.info(); }
  std::map<std::string, std::string> notes() const override {
    auto notes = collective_.notes();
    for (const auto& [key, value] : companion_.notes()) notes["beside_" + key] = value;
    return notes;
  }
  bench::Turns turns() const override { return {{"t_alone", "t_companion"}, "slowdown", slowdown}; }

  void reset(bench::Iteration iteration) override {
    finish();
    if (!iteration.last) return;
    collective_.announce();
    companion_.announce();
  }
  void launch() noexcept override {
    const auto turn = turn_;
    turn_ = turn_ == 2 ? 0 : turn_ + 1;
    collective_.start();
    if (turn > 0) companion_.start();
    if (turn == 1)
      companion_.wait();
    else
      collective_.wait();
  }
  void check() const override {
    collective_.check();
    companion_.check();
  }

  /// Both outputs.
  VerifyReport verify(Moment moment) override {
    finish();
    const bool extra = moment == Moment::before;
    if (extra) {
      collective_.announce();
      companion_.announce();
      collective_.start();
      companion_.start();
      finish();
      check();
    }
    auto report = collective_.compare();
    const auto other = companion_.compare();
    report.checked += other.checked;
    report.wrong += other.wrong;
    if (!report.first && other.first) {
      report.first = other.first;
      report.first->buffer = "beside " + report.first->buffer;
    }
    report.method = extra ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  /// What the launch before left under way.
  void finish() noexcept {
    collective_.wait();
    companion_.wait();
    device_.wait();
  }

  device::Device& device_;
  NonblockingCollective collective_;
  Case companion_case_;
  bench::Context companion_context_;
  NonblockingCollective companion_;
  int turn_ = 0;
};

/// Why the layout cannot be one of two at once; empty: it can.
std::string not_at_once(const Layout& layout, int ranks) {
  std::size_t members = 0;
  for (std::size_t i = 0; i < layout.group_count(); ++i) members += layout.group(i).ranks().size();
  if (layout.rounds.size() == 1 && members == static_cast<std::size_t>(ranks)) return {};
  return "layout " + layout.name +
         " has rounds, and two layouts at once need every rank all the time: use world, node, "
         "rail, halves or split:k";
}

std::string refusal(const Dims& dims, const bench::Facts& facts) {
  auto reason = not_at_once(facts.layout, facts.topology.ranks());
  return reason.empty() ? nonblocking_refusal(dims, facts) : reason;
}

class Congestion final : public bench::Benchmark {
 public:
  Congestion() {
    info_.name = "congestion";
    info_.what = "a collective while another goes on under another layout, against it alone";
    info_.dims = nonblocking_dims();
    info_.dims.push_back({"beside", format_beside(beside_of("all_to_all")), {}});
    info_.metrics = {"slowdown", "time", "alone_time", "companion_time"};
    info_.default_layout = "world";
    info_.memory_bytes = [](const Case& spec, int) { return 2 * bytes_of(spec.dims); };
    info_.seconds = [](const Case& spec, int ranks) {
      return 3 * (40e-6 * ranks + bytes_of(spec.dims) / 1e9);
    };
  }
  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    if (spec.protocol.pacing != Pacing::isolated)
      return {"its launches take turns, each after a barrier: use pacing isolated"};
    const auto companion = companion_case(spec);
    const auto other = schedule::make_layout(companion.layout, facts.topology);
    if (auto reason = refusal(spec.dims, facts); !reason.empty()) return {std::move(reason)};
    const auto& backend = *bench::backend_of(spec.dims, facts.backends);
    if (!backend.no_two_at_once.empty())
      return {fmt::format("{}: {}", backend.name, backend.no_two_at_once)};
    const bench::Facts beside{facts.topology, other, facts.backends};
    if (const auto reason = refusal(spec.dims, beside); !reason.empty())
      return {"beside it, " + reason};
    return {};
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedCongestion>(context);
  }

 private:
  /// Of both collectives.
  static double bytes_of(const Dims& dims) {
    const auto beside = beside_in(dims);
    return static_cast<double>(integer_dim(dims, "bytes") + integer_dim(beside.dims, "bytes"));
  }

  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_congestion() { return std::make_shared<Congestion>(); }

}  // namespace assay::benchmarks

// What is done before data can move, timed by the host's clock until the library's call returns:
//   communicator  one more of the group's ranks: from nothing (what ranks tell each other first is
//                 untimed), split from the group's, or a duplicate of it
//   registration  the library is told of memory of the given size
// What was set up is verified by a small all_reduce on it; ending it is untimed.
#include "harness/comm/setup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/collective_spec.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

/// One all_reduce of a few elements, in place; `data` null: in memory of its own.
VerifyReport reduce_on(comm::Communicator& communicator, std::byte* data,
                       const bench::Context& context) {
  OracleCall call;
  call.type = DataType::fp32;
  call.op = ReduceOp::sum;
  call.ranks = context.group.size;
  call.count = 16;
  call.in_place = true;
  const auto buffer = context.device.allocate(call.count * size_of(call.type));
  if (data == nullptr) data = buffer.data();
  const kernels::Slice all{context.seed, 0, call.count};
  context.device.fill(data, all_reduce_spec.input(call, context.group.rank), all);
  const auto reduce = communicator.native({.collective = Collective::all_reduce,
                                           .type = call.type,
                                           .op = call.op,
                                           .count = call.count});
  (*reduce)(nullptr, data);
  context.device.wait();
  reduce->check();
  PatternCheck check(context);
  check.data(data, all_reduce_spec.expected(call, context.group.rank, 0).pattern, all, 0);
  return check.report();
}

class PreparedSetup final : public bench::Prepared {
 public:
  PreparedSetup(std::unique_ptr<comm::Setup> setup, const bench::Context& context)
      : setup_(std::move(setup)), context_(context) {
    invariant(setup_ != nullptr, "what cannot be set up is refused before");
  }
  Work work() const override { return {}; }
  comm::LaunchInfo launch_info() const override { return {"native", ""}; }
  /// A trial: what the library or the hardware does not offer is known only then.
  bench::Support calibrate(comm::Team& team) override {
    team_ = &team;
    reset({});
    launch();
    try {
      check();
    } catch (const UnsupportedError& error) {
      return {error.what()};
    }
    return {};
  }
  void reset(bench::Iteration) override { setup_->prepare(*team_); }
  void launch() noexcept override { (*setup_)(); }
  void check() const override { setup_->check(); }

  VerifyReport verify(Moment moment) override {
    if (moment == Moment::before) {
      reset({});
      launch();
      check();
    }
    auto report = reduce_on(setup_->communicator(), setup_->data(), context_);
    report.method = "an all_reduce on what was set up";
    return report;
  }

 private:
  std::unique_ptr<comm::Setup> setup_;
  const bench::Context& context_;
  comm::Team* team_ = nullptr;
};

/// What holds for both.
class SetupBenchmark : public bench::Benchmark {
 public:
  const BenchmarkInfo& info() const final { return info_; }
  bench::Support supports(const Case& spec, const bench::Facts& facts) const final {
    if (auto reason = bench::backend_refusal(spec.dims, facts); !reason.empty())
      return {std::move(reason)};
    const auto* backend = bench::backend_of(spec.dims, facts.backends);
    if (const auto reason = refusal(spec.dims, *backend); !reason.empty())
      return {fmt::format("{}: {}", backend->name, reason)};
    if (spec.protocol.pacing != Pacing::isolated)
      return {"it is done by all ranks together, again and again: use pacing isolated"};
    if (facts.layout.many_pairs()) return {"pairs may share one communicator: use another layout"};
    return {};
  }

 protected:
  SetupBenchmark() {
    info_.metrics = {"time"};
    info_.on_host = true;
  }
  virtual std::string refusal(const Dims& dims, const comm::Backend& backend) const = 0;
  BenchmarkInfo info_;
};

comm::Making making_of(const Dims& dims) {
  const auto& names = comm::making_names;
  return static_cast<comm::Making>(std::find(names.begin(), names.end(), text_dim(dims, "step")) -
                                   names.begin());
}

class CommunicatorBenchmark final : public SetupBenchmark {
 public:
  CommunicatorBenchmark() {
    const auto& names = comm::making_names;
    info_.name = "communicator";
    info_.what = "making a communicator: what every job pays before its first collective";
    info_.dims = {{"backend", std::string("mpi"), {}},
                  {"step", std::string("split"), {names.begin(), names.end()}}};
    // MPI; NCCL, from nothing.
    info_.seconds = [](const Case& spec, int ranks) {
      return text_dim(spec.dims, "backend") == "mpi" ? 50e-6 * ranks : 0.5;
    };
    info_.memory_bytes = [](const Case&, int) { return 0.0; };
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    return std::make_unique<PreparedSetup>(
        context.communicator->making(making_of(context.spec.dims)), context);
  }

 private:
  std::string refusal(const Dims& dims, const comm::Backend& backend) const override {
    return backend.no_making[static_cast<std::size_t>(making_of(dims))];
  }
};

class RegistrationBenchmark final : public SetupBenchmark {
 public:
  RegistrationBenchmark() {
    info_.name = "registration";
    info_.what = "telling the library of memory that collectives will use";
    info_.dims = {{"backend", std::string("nccl"), {}},
                  {"bytes", std::int64_t{64} << 20, {}},
                  {"buffers", std::string("registered"), {"registered", "symmetric"}}};
    info_.seconds = [](const Case&, int) { return 5e-3; };
    info_.memory_bytes = [](const Case& spec, int) {
      return static_cast<double>(integer_dim(spec.dims, "bytes"));
    };
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    constexpr std::int64_t page = 4096;  // room for what is verified
    const auto bytes = std::max(page, integer_dim(context.spec.dims, "bytes"));
    return std::make_unique<PreparedSetup>(
        context.communicator->registering(buffers_of(context.spec.dims),
                                          static_cast<std::size_t>(bytes)),
        context);
  }

 private:
  std::string refusal(const Dims& dims, const comm::Backend& backend) const override {
    return backend.no_buffers[static_cast<std::size_t>(buffers_of(dims))];
  }
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_communicator() {
  return std::make_shared<CommunicatorBenchmark>();
}

std::shared_ptr<const bench::Benchmark> make_registration() {
  return std::make_shared<RegistrationBenchmark>();
}

}  // namespace assay::benchmarks

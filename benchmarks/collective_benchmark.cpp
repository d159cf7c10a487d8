#include "benchmarks/collective_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

std::vector<std::string> all_type_names() {
  std::vector<std::string> names;
  for (const auto& row : data_types) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> all_op_names() { return {reduce_op_names.begin(), reduce_op_names.end()}; }

/// Shape of a case on a group: everything that follows from dims and rank count alone.
struct Shape {
  OracleCall call;
  std::size_t width = 1;
  std::uint64_t send = 0, recv = 0;  ///< elements

  Shape(const CollectiveSpec& spec, const Dims& dims, int ranks, std::uint64_t seed) {
    call.type = data_type_from(text_dim(dims, "type")).value();
    if (spec.reduces) call.op = reduce_op_from(text_dim(dims, "op")).value();
    call.ranks = ranks;
    call.seed = seed;
    width = size_of(call.type);
    const auto elements = static_cast<std::uint64_t>(integer_dim(dims, "bytes")) / width;
    call.count = spec.count_for(elements, ranks);
    send = spec.send_elements(call.count, ranks);
    recv = spec.recv_elements(call.count, ranks);
  }
  std::uint64_t actual_bytes() const { return std::max(send, recv) * width; }
};

bool in_place(const CollectiveSpec& spec, const Dims& dims) {
  return spec.has_in_place && flag_dim(dims, "in_place");
}

class PreparedCollective final : public bench::Prepared {
 public:
  PreparedCollective(const CollectiveSpec& spec, bench::Context& context)
      : spec_(spec),
        context_(context),
        in_place_(in_place(spec, context.spec.dims)),
        shape_(spec, context.spec.dims, context.group.size, context.seed),
        input_(spec.input(shape_.call, context.group.rank)),
        rotation_(bench::rotation_over(
            context.rotation_bytes,
            {shape_.recv * shape_.width, in_place_ ? 0 : shape_.send * shape_.width})),
        turn_(rotation_.slots),
        recv_(context.device, shape_.recv * shape_.width, rotation_.slots) {
    if (!in_place_) send_.emplace(context.device, shape_.send * shape_.width, rotation_.slots);
    for (int i = 0; i < spec.pieces(shape_.call.ranks); ++i)
      expected_.push_back(spec.expected(shape_.call, context.group.rank, i));
    for (std::size_t i = 0; i < turn_.slots(); ++i) fill_input(i);
    launch_ = context.communicator->native(
        {spec.collective, shape_.call.type, shape_.call.op, shape_.call.count});
  }

  Work work() const override {
    Work work;
    const int n = shape_.call.ranks;
    const double alg = spec_.alg_elements(shape_.call.count, n) * static_cast<double>(shape_.width);
    if (alg == 0) {
      work.absent["alg_bytes"] = work.absent["bus_bytes"] = "no bytes are moved";
      return work;
    }
    work.amount["alg_bytes"] = alg;
    if (spec_.bus_factor(n) > 0)
      work.amount["bus_bytes"] = alg * spec_.bus_factor(n);
    else
      work.absent["bus_bytes"] = "one rank alone uses no bus";
    return work;
  }

  comm::LaunchInfo launch_info() const override { return launch_->info(); }

  std::map<std::string, std::string> notes() const override {
    return {{"actual_bytes", std::to_string(shape_.actual_bytes())},
            {"count", std::to_string(shape_.call.count)},
            {"buffers", std::to_string(rotation_.slots)},
            {"rotated_bytes", std::to_string(rotation_.bytes)}};
  }

  void reset(bench::Iteration iteration) override {
    if (iteration.last && !in_place_) announce();
  }

  void launch() noexcept override {
    const auto slot = turn_.take();
    (*launch_)(in_place_ ? nullptr : send_->slot(slot), recv_.slot(slot));
  }

  void check() const override { launch_->check(); }

  /// In place, a sum grows with every iteration, so what the loop left says nothing: the input is
  /// made anew and one untimed call on the same buffers is verified.
  VerifyReport verify(Moment moment) override {
    const bool extra = moment == Moment::before || in_place_;
    if (extra) {
      announce();
      launch();
      check();
    }
    auto report = compare();
    report.method = extra ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  /// The next launch is the one whose output is verified, wherever it writes.
  void announce() {
    announced_ = turn_.next();
    if (in_place_)
      fill_input(announced_);
    else
      recv_.poison(announced_);
  }

  /// Every slot has a stream of its own, so that output of another slot is stale data.
  std::uint64_t stream(std::size_t slot) const { return bench::mix(context_.seed ^ slot); }

  void fill_input(std::size_t slot) {
    auto* to = in_place_ ? recv_.slot(slot) : send_->slot(slot);
    context_.device.fill(to, input_, {stream(slot), 0, shape_.send});
    if (!in_place_) recv_.poison(slot);
  }

  VerifyReport compare() {
    PatternCheck check(context_);
    for (const auto& piece : expected_)
      check.data(recv_.slot(announced_) + piece.at * shape_.width, piece.pattern,
                 {stream(announced_), piece.first_index, piece.count}, piece.at);
    check.guards("recv", recv_, announced_);
    if (!in_place_) check.guards("send", *send_, announced_);
    return check.report();
  }

  const CollectiveSpec& spec_;
  bench::Context& context_;
  bool in_place_;
  Shape shape_;
  kernels::Pattern input_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  std::size_t announced_ = 0;
  bench::BufferRing recv_;
  std::optional<bench::BufferRing> send_;
  std::vector<Piece> expected_;
  std::unique_ptr<comm::Launch> launch_;
};

class CollectiveBenchmark final : public bench::Benchmark {
 public:
  explicit CollectiveBenchmark(const CollectiveSpec& spec) : spec_(spec) {
    info_.name = name(spec.collective);
    info_.what = spec.what;
    info_.dims = {{"backend", std::string("mpi"), {}},
                  {"memory", std::string("host"), {"host"}},
                  {"type", std::string("fp32"), all_type_names()},
                  {"bytes", std::int64_t{1} << 20, {}}};
    if (spec.reduces) info_.dims.push_back({"op", std::string("sum"), all_op_names()});
    if (spec.has_in_place) info_.dims.push_back({"in_place", false, {}});
    info_.metrics = {"busbw", "algbw", "time"};
    info_.reduces = spec.reduces;
    info_.memory_bytes = [](const Dims& dims, int) {
      return 2.0 * static_cast<double>(integer_dim(dims, "bytes"));
    };
    // A slow host: 20 µs and 1 GB/s.
    info_.seconds = [](const Dims& dims, int ranks) {
      return 20e-6 * ranks + static_cast<double>(integer_dim(dims, "bytes")) / 1e9;
    };
  }

  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    const auto& wanted = text_dim(spec.dims, "backend");
    const auto row = std::find_if(facts.backends.begin(), facts.backends.end(),
                                  [&](const auto& b) { return b.name == wanted; });
    if (row == facts.backends.end()) return {fmt::format("there is no backend '{}'", wanted)};
    if (!row->missing.empty()) return {fmt::format("{}: {}", wanted, row->missing)};
    return {};
  }

  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    invariant(context.communicator != nullptr, "a collective needs a communicator");
    return std::make_unique<PreparedCollective>(spec_, context);
  }

 private:
  const CollectiveSpec& spec_;
  BenchmarkInfo info_;
};

}  // namespace

std::shared_ptr<const bench::Benchmark> make_collective_benchmark(const CollectiveSpec& spec) {
  return std::make_shared<CollectiveBenchmark>(spec);
}

}  // namespace assay::benchmarks

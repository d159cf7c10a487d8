#include "benchmarks/collective_benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/collective_shape.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "harness/bench/composed.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

constexpr std::string_view native = "native";

/// The schedule's algorithm of a case; null: the library's own, or, where the library has none, the
/// first that fits.
const schedule::Algorithm* algorithm_of(const CollectiveSpec& spec, const Dims& dims) {
  const auto& wanted = text_dim(dims, "algorithm");
  return wanted == native ? nullptr : schedule::find_algorithm(spec.collective, wanted);
}

const schedule::Algorithm& any_algorithm(const CollectiveSpec& spec, int ranks) {
  for (const auto& row : schedule::algorithms())
    if (row.collective == spec.collective && row.refusal(ranks).empty()) return row;
  throw RunError({std::string(name(spec.collective)),
                  fmt::format("the library has none for {} ranks, and there is no algorithm that "
                              "fits",
                              ranks),
                  "choose another number of ranks"});
}

class PreparedCollective final : public bench::Prepared {
 public:
  PreparedCollective(const CollectiveSpec& spec, bench::Context& context)
      : spec_(spec),
        context_(context),
        shape_(spec, context.spec.dims, context.group.size, context.seed),
        in_place_(shape_.call(0).in_place),
        mine_(shape_.extent(context.group.rank)),
        rotation_(bench::rotation_over(context.rotation_bytes, largest_bytes())),
        turn_(rotation_.slots),
        recv_(context.device, mine_.recv * shape_.width(), rotation_.slots) {
    if (!in_place_) send_.emplace(context.device, mine_.send * shape_.width(), rotation_.slots);
    for (const int root : shape_.roots()) launches_.push_back(make_launch(root));
    const auto input = spec.input(shape_.call(0), context.group.rank);
    if (!in_place_)
      for (std::size_t i = 0; i < turn_.slots(); ++i) {
        context_.device.fill(send_->slot(i), input, {stream(i), 0, mine_.send});
        recv_.poison(i);
      }
    else
      for (std::size_t i = 0; i < turn_.slots(); ++i) fill_in_place(i);
  }

  Work work() const override {
    Work work;
    const auto call = shape_.call(0);
    const double alg = spec_.alg_elements(call) * static_cast<double>(shape_.width());
    if (spec_.collective == Collective::ping_pong) work.amount["messages"] = 2;
    if (alg == 0) {
      work.absent["alg_bytes"] = work.absent["bus_bytes"] = "no bytes are moved";
      return work;
    }
    work.amount["alg_bytes"] = alg;
    if (spec_.bus_factor(call.ranks) > 0)
      work.amount["bus_bytes"] = alg * spec_.bus_factor(call.ranks);
    else
      work.absent["bus_bytes"] = "one rank alone uses no bus";
    return work;
  }

  comm::LaunchInfo launch_info() const override { return launches_.front()->info(); }

  std::map<std::string, std::string> notes() const override {
    return {{"actual_bytes", std::to_string(shape_.actual_bytes())},
            {"count", std::to_string(shape_.call(0).count)},
            {"buffers", std::to_string(rotation_.slots)},
            {"rotated_bytes", std::to_string(rotation_.bytes)}};
  }

  void reset(bench::Iteration iteration) override {
    if (iteration.last && !in_place_) recv_.poison(turn_.next());
  }

  void launch() noexcept override {
    const auto slot = turn_.take();
    last_launch_ = next_launch_;
    next_launch_ = last_launch_ + 1 == launches_.size() ? 0 : last_launch_ + 1;
    (*launches_[last_launch_])(in_place_ ? nullptr : send_->slot(slot), recv_.slot(slot));
  }

  void check() const override {
    for (const auto& launch : launches_) launch->check();
  }

  /// In place, a sum grows with every iteration, so what the loop left says nothing: the input is
  /// made anew and one untimed call on the same buffers is verified.
  VerifyReport verify(Moment moment) override {
    const bool extra = moment == Moment::before || in_place_;
    if (extra) {
      if (in_place_)
        fill_in_place(turn_.next());
      else
        recv_.poison(turn_.next());
      launch();
      check();
    }
    auto report = compare();
    report.method = extra ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  std::vector<std::size_t> largest_bytes() const {
    const auto most = shape_.largest();
    return {most.recv * shape_.width(), most.send * shape_.width()};
  }

  std::unique_ptr<comm::Launch> make_launch(int root) {
    const auto call = shape_.call(root);
    const auto* algorithm = algorithm_of(spec_, context_.spec.dims);
    if (algorithm == nullptr) {
      auto launch = context_.communicator->native(
          {spec_.collective, call.type, call.op, call.count, call.root, call.counts});
      if (launch != nullptr) return launch;
      algorithm = &any_algorithm(spec_, call.ranks);
    }
    const auto schedule = algorithm->build(shape_.schedule_shape(root), context_.group.rank);
    const bool averages = spec_.reduces && call.op == ReduceOp::avg;
    return bench::compose({schedule, call.type, call.op, std::string(algorithm->name),
                           averages ? spec_.recv_elements(call, context_.group.rank) : 0},
                          *context_.communicator, context_.device);
  }

  /// Every slot has a stream of its own, so that output of another slot is stale data.
  std::uint64_t stream(std::size_t slot) const { return bench::mix(context_.seed ^ slot); }

  /// Where the input lies depends on who is the root: made for the launch that comes next.
  void fill_in_place(std::size_t slot) {
    const auto call = shape_.call(shape_.roots()[next_launch_]);
    const int rank = context_.group.rank;
    const auto at = spec_.in_place_input == nullptr ? 0 : spec_.in_place_input(call, rank);
    recv_.poison(slot);
    context_.device.fill(recv_.slot(slot) + at * shape_.width(), spec_.input(call, rank),
                         {stream(slot), 0, spec_.send_elements(call, rank)});
  }

  VerifyReport compare() {
    PatternCheck check(context_);
    const auto slot = turn_.last();
    const auto call = shape_.call(shape_.roots()[last_launch_]);
    const int rank = context_.group.rank;
    const auto shift = in_place_ ? launches_[last_launch_]->info().in_place_result_at : 0;
    for (int i = 0; i < spec_.pieces(call, rank); ++i) {
      const auto piece = spec_.expected(call, rank, i);
      const auto at = piece.at + shift;
      check.data(recv_.slot(slot) + at * shape_.width(), piece.pattern,
                 {stream(slot), piece.first_index, piece.count}, at);
    }
    check.guards("recv", recv_, slot);
    if (!in_place_) check.guards("send", *send_, slot);
    return check.report();
  }

  const CollectiveSpec& spec_;
  bench::Context& context_;
  CollectiveShape shape_;
  bool in_place_;
  schedule::Extent mine_;
  bench::Rotation rotation_;
  bench::Turn turn_;
  bench::BufferRing recv_;
  std::optional<bench::BufferRing> send_;
  std::vector<std::unique_ptr<comm::Launch>> launches_;  ///< one per root, in turn
  std::size_t next_launch_ = 0, last_launch_ = 0;
};

std::vector<std::string> all_type_names() {
  std::vector<std::string> names;
  for (const auto& row : data_types) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> all_op_names() { return {reduce_op_names.begin(), reduce_op_names.end()}; }

std::vector<std::string> algorithm_names(Collective collective) {
  std::vector<std::string> names{std::string(native)};
  for (const auto& row : schedule::algorithms())
    if (row.collective == collective) names.emplace_back(row.name);
  return names;
}

std::vector<DimSpec> dims_of(const CollectiveSpec& spec) {
  std::vector<DimSpec> dims{{"backend", std::string("mpi"), {}},
                            {"memory", std::string("host"), {"host"}},
                            {"algorithm", std::string(native), algorithm_names(spec.collective)}};
  if (spec.collective == Collective::barrier) return dims;
  dims.push_back({"type", std::string("fp32"), all_type_names()});
  dims.push_back({"bytes", std::int64_t{1} << 20, {}});
  if (spec.reduces) dims.push_back({"op", std::string("sum"), all_op_names()});
  if (spec.has_in_place) dims.push_back({"in_place", false, {}});
  if (spec.rooted) dims.push_back({"root", std::string("0"), {}});
  if (spec.collective == Collective::all_to_all_v)
    dims.push_back({"counts", std::string("uniform"), {}});
  if (spec.has_window) dims.push_back({"window", std::int64_t{64}, {}});
  return dims;
}

/// Of one buffer.
double bytes_of(const Dims& dims) {
  const double bytes = dims.contains("bytes") ? static_cast<double>(integer_dim(dims, "bytes")) : 0;
  return dims.contains("window") ? bytes * static_cast<double>(integer_dim(dims, "window")) : bytes;
}

std::string refusal(const CollectiveSpec& spec, const Dims& dims, int ranks) {
  if (spec.rooted)
    if (const auto& root = text_dim(dims, "root"); root != "rotating" && std::stoll(root) >= ranks)
      return fmt::format("a group of {} ranks has no rank {} to be the root", ranks, root);
  if (spec.between_two && ranks != 2)
    return fmt::format("it is between two ranks, and a group has {}: use layout pairs", ranks);
  const auto* algorithm = algorithm_of(spec, dims);
  if (algorithm == nullptr) return {};
  if (spec.has_in_place && flag_dim(dims, "in_place"))
    return "composed algorithms work out of place";
  const auto reason = algorithm->refusal(ranks);
  return reason.empty() ? std::string() : fmt::format("{}: {}", algorithm->name, reason);
}

class CollectiveBenchmark final : public bench::Benchmark {
 public:
  explicit CollectiveBenchmark(const CollectiveSpec& spec) : spec_(spec) {
    info_.name = name(spec.collective);
    info_.what = spec.what;
    info_.dims = dims_of(spec);
    info_.metrics = {"busbw", "algbw", "time"};
    if (spec.collective == Collective::barrier) info_.metrics = {"time"};
    if (spec.collective == Collective::ping_pong) info_.metrics = {"latency", "busbw", "time"};
    if (spec.between_two) info_.default_layout = "pairs";
    info_.reduces = spec.reduces;
    info_.memory_bytes = [](const Dims& dims, int) { return 2.0 * bytes_of(dims); };
    // A slow host: 20 µs and 1 GB/s.
    info_.seconds = [](const Dims& dims, int ranks) {
      return 20e-6 * ranks + bytes_of(dims) / 1e9;
    };
  }

  const BenchmarkInfo& info() const override { return info_; }

  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    const auto& wanted = text_dim(spec.dims, "backend");
    const auto row = std::find_if(facts.backends.begin(), facts.backends.end(),
                                  [&](const auto& b) { return b.name == wanted; });
    if (row == facts.backends.end()) return {fmt::format("there is no backend '{}'", wanted)};
    if (!row->missing.empty()) return {fmt::format("{}: {}", wanted, row->missing)};
    for (const auto& round : facts.layout.rounds)
      for (const auto& group : round.at_once)
        if (auto reason = refusal(spec_, spec.dims, static_cast<int>(group.ranks().size()));
            !reason.empty())
          return {std::move(reason)};
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

#include "benchmarks/prepared_collective.hpp"

#include <fmt/format.h>

#include "benchmarks/collective_shape.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/buffer_ring.hpp"
#include "harness/bench/composed.hpp"
#include "harness/core/error.hpp"

namespace assay::benchmarks {

namespace {

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
        shape_(spec, context.spec.dims, context.group.size, context.seed,
               context.spec.traffic.get()),
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
    if (spec_.messages > 0) work.amount["messages"] = spec_.messages;
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
    if (iteration.last && !in_place_) announce();
  }

  void launch() noexcept override {
    const auto slot = turn_.take();
    auto& now = *launches_[next_launch_];
    next_launch_ = next_launch_ + 1 == launches_.size() ? 0 : next_launch_ + 1;
    now(in_place_ ? nullptr : send_->slot(slot), recv_.slot(slot));
  }

  void check() const override {
    for (const auto& launch : launches_) launch->check();
  }

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
  std::vector<std::size_t> largest_bytes() const {
    const auto most = shape_.largest();
    return {most.recv * shape_.width(), most.send * shape_.width()};
  }

  std::unique_ptr<comm::Launch> make_launch(int root) {
    const auto call = shape_.call(root);
    const auto* algorithm = named_algorithm(spec_, context_.spec.dims);
    if (algorithm == nullptr) {
      auto launch = context_.communicator->native(
          {spec_.collective, call.type, call.op, call.count, call.root, call.counts});
      if (launch != nullptr) return launch;
      algorithm = &any_algorithm(spec_, call.ranks);
    }
    const auto schedule = algorithm->build(shape_.schedule_shape(root), context_.group.rank);
    const bool averages = spec_.reduces && call.op == ReduceOp::avg;
    const auto op = spec_.reduces ? std::optional(call.op) : std::nullopt;
    return bench::compose({schedule, call.type, op, std::string(algorithm->name),
                           averages ? spec_.recv_elements(call, context_.group.rank) : 0},
                          *context_.communicator, context_.device);
  }

  void announce() {
    const auto slot = turn_.announce();
    announced_launch_ = next_launch_;
    if (in_place_)
      fill_in_place(slot);
    else
      recv_.poison(slot);
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
    const auto slot = turn_.announced();
    const auto call = shape_.call(shape_.roots()[announced_launch_]);
    const int rank = context_.group.rank;
    const auto shift = in_place_ ? launches_[announced_launch_]->info().in_place_result_at : 0;
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
  std::size_t next_launch_ = 0;
  std::size_t announced_launch_ = 0;  ///< the one to be verified
};

}  // namespace

const schedule::Algorithm* named_algorithm(const CollectiveSpec& spec, const Dims& dims) {
  const auto& wanted = text_dim(dims, "algorithm");
  return wanted == "native" ? nullptr : schedule::find_algorithm(spec.collective, wanted);
}

std::unique_ptr<bench::Prepared> prepare_collective(const CollectiveSpec& spec,
                                                    bench::Context& context) {
  return std::make_unique<PreparedCollective>(spec, context);
}

}  // namespace assay::benchmarks

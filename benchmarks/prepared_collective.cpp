#include "benchmarks/prepared_collective.hpp"

#include <fmt/format.h>

#include "benchmarks/collective_data.hpp"
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
      : spec_(spec), context_(context), data_(spec, context) {
    for (const int root : data_.shape().roots()) launches_.push_back(make_launch(root));
  }

  Work work() const override { return data_.work(); }
  comm::LaunchInfo launch_info() const override { return launches_.front()->info(); }
  std::map<std::string, std::string> notes() const override {
    auto notes = data_.notes();
    notes.insert(choices_.begin(), choices_.end());
    return notes;
  }

  /// One untimed launch, so that what the library chooses is known though no timed one is watched.
  bench::Support calibrate(comm::Team& team) override {
    auto& communicator = *context_.communicator;
    if (!communicator.tells_choices()) return {};
    communicator.watch_choices();
    launch();
    context_.device.wait();
    check();
    choices_ = communicator.choices(team, buffers_of(context_.spec.dims));
    return {};
  }

  void reset(bench::Iteration iteration) override {
    if (iteration.last && !data_.in_place()) announce();
  }

  void launch() noexcept override {
    const auto [root, send, recv] = data_.take();
    (*launches_[root])(send, recv);
  }

  void check() const override {
    for (const auto& launch : launches_) launch->check();
  }

  /// In place, the input is made anew and one untimed call on the same buffers is verified.
  VerifyReport verify(Moment moment) override {
    const bool extra = moment == Moment::before || data_.in_place();
    if (extra) {
      announce();
      launch();
      check();
    }
    auto report = data_.compare(launches_[data_.announced_root()]->info().in_place_result_at);
    report.method = extra ? "extra call on the timed buffers" : "timed output";
    return report;
  }

 private:
  /// The next launch is the one whose output is verified.
  void announce() {
    data_.announce();
    launches_[data_.announced_root()]->forget();
  }
  std::unique_ptr<comm::Launch> make_launch(int root) {
    const auto& shape = data_.shape();
    const auto call = shape.call(root);
    const auto* algorithm = named_algorithm(spec_, context_.spec.dims);
    if (algorithm == nullptr) {
      auto launch = context_.communicator->native(
          {spec_.collective, call.type, call.op, call.count, call.root, call.counts});
      if (launch != nullptr) return launch;
      algorithm = &any_algorithm(spec_, call.ranks);
    }
    const auto schedule = algorithm->build(shape.schedule_shape(root), context_.group.rank);
    const bool averages = reduces(spec_.collective) && call.op == ReduceOp::avg;
    const auto op = reduces(spec_.collective) ? std::optional(call.op) : std::nullopt;
    return bench::compose({schedule, call.type, op, std::string(algorithm->name),
                           averages ? spec_.recv_elements(call, context_.group.rank) : 0,
                           buffers_of(context_.spec.dims)},
                          *context_.communicator, context_.device);
  }

  const CollectiveSpec& spec_;
  bench::Context& context_;
  CollectiveData data_;
  std::vector<std::unique_ptr<comm::Launch>> launches_;  ///< one per root, in turn
  std::map<std::string, std::string> choices_;
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

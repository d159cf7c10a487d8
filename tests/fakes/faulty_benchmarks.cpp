#include "harness/core/error.hpp"
#include "tests/fakes/throttled.hpp"
#include "tests/fakes/trouble.hpp"

namespace assay::fakes {

namespace {

class FaultyPrepared final : public bench::Prepared {
 public:
  FaultyPrepared(std::unique_ptr<bench::Prepared> inner, Trouble trouble,
                 std::unique_ptr<Throttled> place)
      : place_(std::move(place)), inner_(std::move(inner)), trouble_(trouble) {}
  Work work() const override { return inner_->work(); }
  comm::LaunchInfo launch_info() const override { return inner_->launch_info(); }
  std::map<std::string, std::string> notes() const override { return inner_->notes(); }
  bench::Turns turns() const override { return inner_->turns(); }
  bench::Support calibrate(comm::Team& group) override { return inner_->calibrate(group); }
  void reset(bench::Iteration iteration) override { inner_->reset(iteration); }
  void launch() noexcept override {
    trouble_.around([&](bool) { inner_->launch(); });
  }
  void check() const override { inner_->check(); }
  VerifyReport verify(Moment moment) override { return inner_->verify(moment); }
  std::vector<bench::Harvested> harvest(const bench::ClockOfAll* clock) override {
    return inner_->harvest(clock);
  }
  RankTimeline timeline() const override { return inner_->timeline(); }
  void let_go() override { inner_->let_go(); }

 private:
  std::unique_ptr<Throttled> place_;  ///< where it was prepared, if anything is slow there
  std::unique_ptr<bench::Prepared> inner_;
  Trouble trouble_;
};

class FaultyBenchmark final : public bench::Benchmark {
 public:
  FaultyBenchmark(std::shared_ptr<const bench::Benchmark> inner, Fault fault)
      : inner_(std::move(inner)), fault_(std::move(fault)) {}
  const BenchmarkInfo& info() const override { return inner_->info(); }
  bench::Support supports(const Case& spec, const bench::Facts& facts) const override {
    return inner_->supports(spec, facts);
  }
  std::unique_ptr<bench::Prepared> prepare(bench::Context& context) const override {
    const bool struck = strikes(fault_, context.group.world_rank);
    if (struck && fault_.kind == Fault::Kind::fail)
      throw RunError({"rank " + std::to_string(context.group.world_rank), "planted failure", ""});
    std::unique_ptr<Throttled> place;
    if (struck && fault_.kind == Fault::Kind::throttle)
      place = std::make_unique<Throttled>(context, fault_.factor);
    auto inner = inner_->prepare(place ? place->context() : context);
    return std::make_unique<FaultyPrepared>(std::move(inner), Trouble(fault_, struck),
                                            std::move(place));
  }

 private:
  std::shared_ptr<const bench::Benchmark> inner_;
  Fault fault_;
};

}  // namespace

bench::Benchmarks faulty_benchmarks(bench::Benchmarks inner, const Fault& fault) {
  for (auto& benchmark : inner)
    if (fault.benchmark.empty() || fault.benchmark == benchmark->info().name)
      benchmark = std::make_shared<FaultyBenchmark>(benchmark, fault);
  return inner;
}

}  // namespace assay::fakes

// One case of a benchmark that a test makes up, measured by all ranks of the world in one group.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "harness/run/runner.hpp"
#include "tests/mpi/session.hpp"

namespace assay {

/// Prepares a P with what it was given.
template <class P, class With>
class MadeUp final : public bench::Benchmark {
 public:
  explicit MadeUp(With with) : with_(with) { info_.name = "made_up"; }
  const BenchmarkInfo& info() const override { return info_; }
  bench::Support supports(const Case&, const bench::Facts&) const override { return {}; }
  std::unique_ptr<bench::Prepared> prepare(bench::Context&) const override {
    return std::make_unique<P>(with_);
  }

 private:
  With with_;
  BenchmarkInfo info_;
};

struct HowMeasured {
  std::int64_t iterations = 4, pilot = 0;
  run::Sync sync = run::Sync::barrier;
};

/// Collective; the case as it is on rank 0, and what timelines it leaves there.
inline result::CaseResult measured(std::shared_ptr<const bench::Benchmark> benchmark,
                                   const HowMeasured& how = {},
                                   std::vector<RankTimeline>* timelines = nullptr) {
  auto& world = session->world();
  const auto topology = stated_topology(world.size(), world.size());
  const auto device = device::make_host_device();
  const bench::Benchmarks benchmarks{std::move(benchmark)};
  run::Progress progress;
  run::CommonClock clock(world);
  plan::Plan plan;
  plan.layouts["world"] = {"world", {{{Group{{{0, world.size() - 1, 1}}}}}}};
  auto& spec = plan.cases.emplace_back();
  spec.benchmark = "made_up";
  spec.dims["backend"] = std::string("mpi");
  spec.layout = "world";
  spec.protocol.warm_up = {.iterations = 1, .time_s = 0};
  spec.protocol.pilot = how.pilot;
  spec.protocol.stop = {.kind = StopKind::iterations, .iterations = how.iterations};
  result::CaseResult result;
  run::run_plan(
      plan, {world, topology, {*device}, benchmarks, comm::backends(), progress, clock},
      {.sync = how.sync}, [&](const result::CaseResult& c) { result = c; },
      [&](const Case&, std::span<const RankTimeline> of_ranks) {
        if (timelines != nullptr) timelines->assign(of_ranks.begin(), of_ranks.end());
      });
  return result;
}

inline std::map<std::string, Series> by_name(const result::CaseResult& result) {
  std::map<std::string, Series> series;
  for (const auto& one : result.samples.series) series[one.name] = one;
  return series;
}

}  // namespace assay

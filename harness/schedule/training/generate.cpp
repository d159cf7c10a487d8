#include "harness/schedule/training/generate.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "harness/core/error.hpp"
#include "harness/schedule/training/stage.hpp"
#include "harness/schedule/training/workload.hpp"

namespace assay::training {
namespace {

/// Passes of a micro-batch through a layer, of all schedules: a few gigabytes of memory.
constexpr std::uint64_t most_passes = 1 << 18;

/// The routes of all layers, drawn once for all ranks.
class Router {
 public:
  Router(const Model& model, const Layout& layout) : model_(model), layout_(layout) {}

  std::optional<Route> operator()(std::uint64_t layer) {
    if (!has_experts(model_, layer)) return std::nullopt;
    const auto draw = is_even(layout_.routing) ? 0 : layer;
    if (const auto known = routes_.find(draw); known != routes_.end()) return known->second;
    return routes_.emplace(draw, make(draw)).first->second;
  }

 private:
  Route make(std::uint64_t layer) const {
    const auto routed = std::make_shared<const Routed>(training::routed(model_, layout_, layer));
    const auto counts = [&](RowCounts::Way way) {
      return std::make_shared<const RowCounts>(routed, model_.hidden, way);
    };
    return {routed, counts(RowCounts::Way::dispatch), counts(RowCounts::Way::combine)};
  }

  const Model& model_;
  const Layout& layout_;
  std::map<std::uint64_t, Route> routes_;
};

}  // namespace

step::Job generate(const Model& model, const Layout& layout) {
  check(model, layout);
  const auto frame = frame_of(model, layout);
  auto job = frame.job;
  Router router(model, layout);
  const int places = job.distinct.size() > 1 ? layout.ep : 1;
  const auto passes =
      micro_batches(layout) * units_of(model, layout) * static_cast<std::uint64_t>(places);
  if (passes > most_passes)
    throw UsageError(
        {fmt::format("{} as {}", model.name, layout.name),
         fmt::format("the schedules of all ranks compute {} layers", passes),
         fmt::format("at most {} would fit: give a smaller global_batch{}", most_passes,
                     places > 1 ? " or ep, or routing even" : ", pp or vp")});
  for (int place = 0; place < places; ++place)
    for (int stage = 0; stage < layout.pp; ++stage)
      job.schedules.push_back(
          Stage(model, layout, frame, {stage, place}, std::ref(router)).schedule());
  return job;
}

step::Schedule generate(const Model& model, const Layout& layout, int rank) {
  check(model, layout);
  const auto frame = frame_of(model, layout);
  Router router(model, layout);
  const auto& distinct = frame.job.distinct;
  const int place = distinct.size() > 1 ? step::place(rank, distinct[1]) : 0;
  return Stage(model, layout, frame, {step::place(rank, distinct[0]), place}, std::ref(router))
      .schedule();
}

}  // namespace assay::training

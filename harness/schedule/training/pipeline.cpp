#include "harness/schedule/training/pipeline.hpp"

#include <algorithm>

namespace assay::training {
namespace {

Unit unit(const Pipeline& pipeline, Direction direction, std::uint64_t index) {
  if (pipeline.chunks == 1) return {direction, index, 0};
  const auto turn = pipeline.stages * pipeline.chunks;
  const auto chunk = index % turn / pipeline.stages;
  const auto micro_batch = index / turn * pipeline.stages + index % pipeline.stages;
  const bool forward = direction == Direction::forward;
  return {direction, micro_batch, forward ? chunk : pipeline.chunks - 1 - chunk};
}

}  // namespace

std::uint64_t warm_up_units(const Pipeline& pipeline, std::uint64_t stage) {
  const auto behind = pipeline.stages - stage - 1;
  const auto units =
      pipeline.chunks == 1 ? behind : 2 * behind + (pipeline.chunks - 1) * pipeline.stages;
  return std::min(units, pipeline.chunks * pipeline.micro_batches);
}

std::vector<Unit> units_of(const Pipeline& pipeline, std::uint64_t stage) {
  const auto total = pipeline.chunks * pipeline.micro_batches;
  const auto warm_up = warm_up_units(pipeline, stage);
  std::vector<Unit> units;
  for (std::uint64_t forward = 0; forward < total + warm_up; ++forward) {
    if (forward < total) units.push_back(unit(pipeline, Direction::forward, forward));
    if (forward >= warm_up) units.push_back(unit(pipeline, Direction::backward, forward - warm_up));
  }
  return units;
}

}  // namespace assay::training

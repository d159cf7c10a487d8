// Who computes what when in a pipeline. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace assay::training {

enum class Direction { forward, backward };

/// One micro-batch through one chunk of layers of a stage, one way.
struct Unit {
  Direction direction = Direction::forward;
  std::uint64_t micro_batch = 0;
  std::uint64_t chunk = 0;  ///< of the stage: 0 … vp − 1
  friend bool operator==(const Unit&, const Unit&) = default;
};

struct Pipeline {
  std::uint64_t stages = 1, chunks = 1;  ///< pp, vp
  std::uint64_t micro_batches = 1;       ///< a multiple of stages where chunks > 1
};

/// Forward units that a stage does before its first backward one: min(m, p − r − 1), interleaved
/// min(v·m, 2(p − r − 1) + (v − 1)p) (Narayanan et al., "Efficient Large-Scale Language Model
/// Training on GPU Clusters Using Megatron-LM", SC 2021).
std::uint64_t warm_up_units(const Pipeline& pipeline, std::uint64_t stage);

/// The units of a stage in order: warm-up, one forward and one backward in turn, the rest of the
/// backward ones. Interleaved, `stages` micro-batches at a time go through each chunk in turn.
std::vector<Unit> units_of(const Pipeline& pipeline, std::uint64_t stage);

}  // namespace assay::training

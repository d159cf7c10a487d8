// How a model's training step is spread over ranks. Pure data; configs/layouts holds them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/data_type.hpp"
#include "harness/schedule/training/model.hpp"
#include "harness/schedule/training/routing.hpp"

namespace assay::training {

/// ring: keys and values travel the ring under attention. all_gather: before it.
enum class ContextWay { ring, all_gather };
/// What is computed again in the backward pass: nothing, the core of attention, or whole layers.
enum class Recompute { none, selective, full };

struct Types {
  DataType weights = DataType::bf16;
  DataType activations = DataType::bf16;
  DataType gradients = DataType::fp32;
  DataType gemm = DataType::bf16;  ///< inputs of matrix products
};

/// Ranks in Megatron's order tp-cp-ep-dp-pp, tp the fastest: world = tp·cp·dp·pp. Experts refold
/// the ranks of a pipeline stage as ep × the rest; an expert is not split (expert tensor
/// parallelism 1).
struct Layout {
  std::string name{};
  std::string source{};
  int tp = 1, cp = 1, pp = 1, vp = 1, dp = 1, ep = 1;
  bool sequence_parallel = false;
  bool zero1 = false;  ///< optimizer state split over dp·cp; else DDP
  ContextWay context = ContextWay::ring;
  Recompute recompute = Recompute::none;
  std::uint64_t micro_batch = 1, global_batch = 1, sequence = 1;
  Types types{};
  /// Layers of chunk 0, 1, … in the model's order; empty: evenly, see chunk_layers().
  std::vector<std::uint64_t> layers{};
  Routing routing{};
};

inline int ranks_of(const Layout& layout) { return layout.tp * layout.cp * layout.dp * layout.pp; }
inline std::uint64_t micro_batches(const Layout& layout) {
  return layout.global_batch / (layout.micro_batch * static_cast<std::uint64_t>(layout.dp));
}
inline std::uint64_t tokens_per_step(const Layout& layout) {
  return layout.global_batch * layout.sequence;
}

/// Layers of each of pp·vp chunks: those of the layout, else evenly, else with embedding and loss
/// counted as a layer each (126 layers over 64 chunks: 1, 2, …, 2, 1); empty where neither goes.
std::vector<std::uint64_t> chunk_layers(const Model& model, const Layout& layout);

/// Layers, or chunks where there are more of them: what a micro-batch passes through.
std::uint64_t units_of(const Model& model, const Layout& layout);

/// Throws UsageError, one sentence that says what would fit, where model and layout do not go
/// together.
void check(const Model& model, const Layout& layout);

/// The layout on another number of ranks: dp and the global batch grow or shrink alike (weak
/// scaling). Throws UsageError where ranks is no multiple of tp·cp·pp or the batch none of dp.
Layout scaled(Layout layout, int ranks);

}  // namespace assay::training

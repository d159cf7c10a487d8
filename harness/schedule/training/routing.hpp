// Which expert gets how many tokens of whom: one draw gives the blocks of the exchange and the rows
// of the matrix products, so that both are skewed together. Pure; seeded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/pair_counts.hpp"

namespace assay::training {

enum class RoutingKind {
  even,       ///< all experts alike, exactly: nothing is drawn
  balanced,   ///< all experts alike, drawn token by token
  zipf,       ///< popularity i^-parameter, experts in a random order
  dirichlet,  ///< popularity drawn from a symmetric Dirichlet of this parameter
  hot_rank,   ///< experts of rank 0 are `parameter` times as popular as the others
  trace,      ///< popularity as counted: a line per layer, used in turn
};

struct Routing {
  RoutingKind kind = RoutingKind::even;
  double parameter = 0;
  std::uint64_t seed = 1;
  /// Standard deviation of what a rank's own tokens add to the logarithm of popularity.
  double locality = 0;
  /// Of zipf and dirichlet: share of a popularity's logarithm that stays from one step to the next
  /// (AR(1)). The others' popularity is given, not drawn, and stays.
  double persistence = 1;
  std::vector<std::vector<double>> trace{};  ///< [line][expert], at least one above 0 each
  std::string trace_name{};
};

/// Whether all ranks get the same, so that they can share a schedule.
inline bool is_even(const Routing& routing) { return routing.kind == RoutingKind::even; }

struct RoutedShape {
  int ranks = 1;
  std::uint64_t experts = 1;  ///< a multiple of ranks; rank r has experts r·experts/ranks, …
  std::uint64_t active = 1;   ///< different experts per token
  std::uint64_t tokens = 1;   ///< of each rank
  std::uint64_t groups = 1, group_limit = 1;  ///< a token's experts lie in so many groups of these
};

/// Rows = tokens times their experts.
struct Routed {
  RoutedShape shape;
  std::vector<std::uint64_t> rows;  ///< [rank of the token · experts + expert]

  std::uint64_t pair(int from, int to) const;
  /// Rows of each expert of a rank, from all ranks.
  std::vector<std::uint64_t> of_experts(int rank) const;
};

/// Largest over mean, and Gini coefficient (0: all alike), of counts.
double max_over_mean(const std::vector<std::uint64_t>& counts);
double gini(std::vector<std::uint64_t> counts);

/// How uneven it came out: by expert, and by rank.
struct Skew {
  double expert_max_over_mean = 1, expert_gini = 0, rank_max_over_mean = 1;
};
Skew skew_of(const Routed& routed);

/// Draws layer `layer` of step `step`; the same arguments give the same counts. Tokens are drawn
/// one by one, without replacement, proportionally to popularity: the k highest of log popularity +
/// Gumbel noise. Of a layer with more than 2¹⁴ tokens of all ranks, so many are drawn and scaled
/// up: what chance adds to popularity is then as large as with 2¹⁴, not as small as with all.
Routed route(const Routing& routing, const RoutedShape& shape, std::uint64_t layer,
             std::uint64_t step = 0);

/// Blocks of an all_to_all_v: rows times `width` elements.
class RowCounts : public PairCounts {
 public:
  enum class Way { dispatch, combine };
  RowCounts(std::shared_ptr<const Routed> routed, std::uint64_t width, Way way)
      : routed_(std::move(routed)), width_(width), way_(way) {}
  std::uint64_t operator()(int from, int to) const override {
    return width_ * (way_ == Way::dispatch ? routed_->pair(from, to) : routed_->pair(to, from));
  }

 private:
  std::shared_ptr<const Routed> routed_;
  std::uint64_t width_;
  Way way_;
};

}  // namespace assay::training

// Dimension `counts` of a case as numbers: who sends how much to whom.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "harness/core/pair_counts.hpp"
#include "harness/core/traffic_matrix.hpp"

namespace assay::benchmarks {

/// Every pair of ranks has a weight: 1 under "uniform"; under "skewed:SEED" (1 + h mod 1000)², h a
/// hash of seed, i and j, and 0 for one pair in eight of different ranks; under "file:…" the
/// matrix's. Counts are weights, scaled so that the largest sum of a row or a column is about
/// `elements`: shares are rounded down, but to one element at least.
///
/// Pure; the same on all machines. Memory grows with the ranks (a file's matrix aside), the time to
/// construct one with their square, unless it is uniform.
class Traffic final : public PairCounts {
 public:
  /// `matrix`, for a file alone, must have a row for each of `ranks` and outlive this.
  Traffic(std::string_view rule, const TrafficMatrix* matrix, int ranks, std::uint64_t elements);

  std::uint64_t operator()(int from, int to) const override;
  std::uint64_t sent(int from, int end) const override;
  std::uint64_t received(int to, int end) const override;
  /// The largest that any rank sends or receives in all.
  std::uint64_t largest() const { return largest_; }

 private:
  enum class Rule { uniform, skewed, file };

  std::uint64_t weight(std::uint64_t from, std::uint64_t to) const;
  std::uint64_t scaled(std::uint64_t weight) const;
  /// Into sent_ and received_; the largest of them.
  template <class Count>
  std::uint64_t add_up(Count count);

  Rule rule_ = Rule::uniform;
  std::uint64_t ranks_, elements_;
  std::uint64_t seed_ = 0;                      ///< skewed: mixed
  const TrafficMatrix* matrix_ = nullptr;       ///< file
  std::uint64_t whole_ = 1;                     ///< the weight that stands for all elements
  std::uint64_t share_ = 0;                     ///< uniform: of every pair
  std::vector<std::uint64_t> sent_, received_;  ///< in all, by rank
  std::uint64_t largest_ = 0;
};

}  // namespace assay::benchmarks

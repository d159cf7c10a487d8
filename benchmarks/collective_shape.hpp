// Shape of a collective case on a group: everything that follows from its dimensions and the number
// of ranks alone, and is therefore equal on all of them.
#pragma once

#include <vector>

#include "benchmarks/collective_spec.hpp"
#include "harness/core/dims.hpp"
#include "harness/schedule/algorithms.hpp"

namespace assay::benchmarks {

class CollectiveShape {
 public:
  CollectiveShape(const CollectiveSpec& spec, const Dims& dims, int ranks, std::uint64_t seed);
  CollectiveShape(const CollectiveShape&) = delete;
  CollectiveShape& operator=(const CollectiveShape&) = delete;

  const CollectiveSpec& spec() const { return spec_; }
  std::size_t width() const { return width_; }
  /// The ranks that are the root in turn, launch after launch; {0} where there is no root.
  const std::vector<int>& roots() const { return roots_; }
  OracleCall call(int root) const;
  schedule::Shape schedule_shape(int root) const;

  /// Elements that a rank's buffers need for any root. In place: `send` is 0, `recv` the one
  /// buffer.
  schedule::Extent extent(int rank) const;
  /// The largest extents of any rank: what rotation is planned with, so that all have equal slots.
  schedule::Extent largest() const { return largest_; }
  std::uint64_t actual_bytes() const;

 private:
  void read_sizes(const Dims& dims);

  const CollectiveSpec& spec_;
  OracleCall call_;
  std::vector<std::uint64_t> counts_;
  std::vector<int> roots_;
  std::size_t width_ = 1;
  schedule::Extent largest_;
};

/// Element [i · ranks + j]: what rank i sends to rank j, so that the largest sum of a row or a
/// column is about `elements`: shares are rounded down, but to one element at least. `rule` is
/// "uniform" or "skewed:SEED": every pair has a weight (1 + h mod 1000)², h a hash of seed, i and
/// j, and one pair in eight of different ranks has none. Pure; the same on all machines.
std::vector<std::uint64_t> counts_matrix(std::string_view rule, int ranks, std::uint64_t elements);

}  // namespace assay::benchmarks

// Shape of a collective case on a group: everything that follows from its dimensions and the number
// of ranks alone, and is therefore equal on all of them.
#pragma once

#include <optional>
#include <vector>

#include "benchmarks/collective_spec.hpp"
#include "benchmarks/traffic.hpp"
#include "harness/core/dims.hpp"
#include "harness/schedule/algorithms.hpp"

namespace assay::benchmarks {

class CollectiveShape {
 public:
  /// `traffic` is the matrix that dimension `counts` names, where it names a file; it outlives
  /// this.
  CollectiveShape(const CollectiveSpec& spec, const Dims& dims, int ranks, std::uint64_t seed,
                  const TrafficMatrix* traffic = nullptr);
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
  void read_sizes(const Dims& dims, const TrafficMatrix* traffic);

  const CollectiveSpec& spec_;
  OracleCall call_;
  std::optional<Traffic> counts_;
  std::vector<int> roots_;
  std::size_t width_ = 1;
  schedule::Extent largest_;
};

}  // namespace assay::benchmarks

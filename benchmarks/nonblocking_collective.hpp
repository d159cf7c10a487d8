// A collective that goes on in the background: buffers, rotation and oracle of its case.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/collective_data.hpp"

namespace assay::benchmarks {

/// Names of the collectives that libraries may have in a nonblocking form and that move data.
std::vector<std::string> nonblocking_names();
/// The row of that name; throws InternalError where there is none.
const CollectiveSpec& spec_named(std::string_view name);
/// The dimensions of a nonblocking collective, out of place and from root 0, for DimSpecs.
std::vector<DimSpec> nonblocking_dims();
/// Why no group of the layout can run it; empty: all can. Pure.
std::string nonblocking_refusal(const Dims& dims, const bench::Facts& facts);

/// Not movable: parts refer to each other.
class NonblockingCollective {
 public:
  /// Local. `outer.spec` has the dimensions of nonblocking_dims(); `outer` outlives it. Throws
  /// RunError: memory, the library's refusal.
  explicit NonblockingCollective(const bench::Context& outer);
  NonblockingCollective(const NonblockingCollective&) = delete;
  NonblockingCollective& operator=(const NonblockingCollective&) = delete;

  /// Collective over the group, in the same order on all ranks.
  void start() noexcept;
  bool test() noexcept { return launch_->test(); }
  void wait() noexcept { launch_->wait(); }
  void check() const { launch_->check(); }

  comm::LaunchInfo info() const;
  std::map<std::string, std::string> notes() const { return data_.notes(); }
  /// The next start is the one whose output compare() sees.
  void announce() { data_.announce(); }
  VerifyReport compare() const { return data_.compare(0); }

 private:
  Case case_;
  bench::Context context_;
  CollectiveData data_;
  std::unique_ptr<comm::Nonblocking> launch_;
};

}  // namespace assay::benchmarks

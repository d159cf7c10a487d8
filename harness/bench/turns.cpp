#include "harness/bench/turns.hpp"

#include <algorithm>

namespace assay::bench {

double overlap_ratio(std::span<const double> times_s) {
  const double comm = times_s[0], compute = times_s[1], both = times_s[2];
  return std::max(0.0, (comm + compute - both) / std::min(comm, compute));
}

}  // namespace assay::bench

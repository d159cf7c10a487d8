#include "harness/run/joined.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace assay::run {

double joined(bench::Joined by, std::span<const double> ranks) {
  constexpr auto none = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values;
  std::copy_if(ranks.begin(), ranks.end(), std::back_inserter(values),
               [](double value) { return !std::isnan(value); });
  if (values.empty()) return none;
  switch (by) {
    case bench::Joined::mean:
      return std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
    case bench::Joined::longest:
      return *std::max_element(values.begin(), values.end());
  }
  return none;
}

}  // namespace assay::run

// Files that say who sends how much to whom: read once, on rank 0, and from then on called by what
// they hold.
#pragma once

#include "harness/core/traffic_matrix.hpp"
#include "harness/plan/plan.hpp"

namespace assay::app {

/// Reads each file that a request's dimension `counts` names, checks it, and has the request call
/// it by its content. Throws UsageError, also where the digest that is asked for is another.
TrafficTexts read_traffic(plan::Suite& suite);

/// Throws UsageError unless every matrix has a row for each rank of the groups that use it.
void check_traffic(const plan::Plan& plan);

}  // namespace assay::app

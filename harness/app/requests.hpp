// The command line's request for cases, read with the catalogue at hand.
#pragma once

#include "harness/app/options.hpp"
#include "harness/plan/plan.hpp"

namespace assay::app {

/// One request per benchmark named. A dimension that a benchmark does not have is a UsageError
/// naming the option.
plan::Suite suite_from(const RunOptions& options, const Catalogue& catalogue);

/// Puts what the command line says of warm-up, pilot, blocks and verification into every request.
/// Throws UsageError where blocks or their length are given and no request has a use for them.
void adjust(plan::Suite& suite, const RunOptions& options);

/// A request for `noop`, which every plan holds: what the harness itself adds to a sample.
plan::Request noop_request();

}  // namespace assay::app

// Going on with a run that was cut short: who may, and what the result says of it. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "harness/plan/plan.hpp"
#include "harness/result/document.hpp"
#include "harness/result/unfinished.hpp"

namespace assay::app {

/// Throws UsageError, beginning with `where`, unless `ranks` is the number of the run's ranks.
void check_ranks(const result::ResultDocument& begun, int ranks, const std::string& where);

/// Throws UsageError, beginning with `where`, unless `now` has every rank on the host where the run
/// had it, and is the same build with the same libraries. Both as header_of() makes them.
void check_same_ground(const result::ResultDocument& begun, const result::ResultDocument& now,
                       const std::string& where);

/// The attempt that begins `now`.
result::Attempt next_attempt(const result::Unfinished& run, const result::ResultDocument& now);

/// Warnings of all attempts' inventories and of what `next` finds changed since the run began: in
/// fingerprints, bindings, devices and settings of the environment. Each stands once.
std::vector<Warning> warnings_so_far(const result::Unfinished& run, const result::Attempt& next);

/// Which of the plan's cases each attempt measured, `finished` of them so far, and why it ended.
/// `attempts` are the later ones, at least one.
Warning resumed_warning(std::span<const result::Attempt> attempts, const plan::Plan& plan,
                        std::size_t finished);

}  // namespace assay::app

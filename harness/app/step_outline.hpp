// What is known of training steps before one is taken: what they compute, send and hold.
#pragma once

#include <string>

#include "harness/app/planning.hpp"
#include "harness/run/inventory.hpp"

namespace assay::app {

/// For --dry-run: of each model and parallelism of the plan, what its ranks do in a step. Empty
/// where there is none.
std::string step_outlines(const plan::Plan& plan);

/// Throws UsageError where ranks of a training step need more memory than their host has free: one
/// sentence that names another layout which would fit, if there is one.
void check_steps_fit(const plan::Plan& plan, const run::Inventory& inventory);

}  // namespace assay::app

// What is known of training steps before one is taken: what they compute, send and hold.
#pragma once

#include <span>
#include <string>

#include "harness/app/planning.hpp"
#include "harness/device/gpus.hpp"
#include "harness/run/inventory.hpp"

namespace assay::app {

/// For --dry-run: of each model and parallelism of the plan, what its ranks do in a step. Empty
/// where there is none.
std::string step_outlines(const plan::Plan& plan);

/// Throws UsageError where ranks of a training step need more memory than their host has free: one
/// sentence that names another layout which would fit, if there is one.
void check_steps_fit(const plan::Plan& plan, std::span<const comm::Backend> backends,
                     const run::Inventory& inventory);

/// Collective over `world`. The same of steps on GPUs, of which this rank has one, or no rank has:
/// then nothing is looked at. UsageError on rank 0, Quiet elsewhere.
void check_steps_fit_gpus(comm::Team& world, const plan::Plan& plan,
                          std::span<const comm::Backend> backends, const device::Gpu& gpu);

}  // namespace assay::app

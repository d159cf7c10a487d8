// Whether a training step fits into the memory of its ranks. Pure.
#pragma once

#include "harness/schedule/step_account.hpp"
#include "harness/schedule/training/layout.hpp"

namespace assay::training {

/// Throws UsageError where a rank of `account`, of `model` under `layout`, needs more than
/// `bytes_per_rank`: one sentence that names the rank, what it needs and for what, and a layout of
/// as many ranks that would fit, if one is near.
void check_memory(const Model& model, const Layout& layout, const step::Account& account,
                  double bytes_per_rank);

}  // namespace assay::training

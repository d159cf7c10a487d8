// From a model and a layout to the schedules of all ranks of one training step. Pure.
//
// Matrix products, communication and their order are those of Megatron-LM: interleaved 1F1B
// (Narayanan et al., SC 2021), tensor and sequence parallelism (Korthikanti et al., "Reducing
// Activation Recomputation in Large Transformer Models", MLSys 2023), gradients accumulated over
// micro-batches and reduced bucket by bucket under the last one's backward pass.
// Left out: dropout; biases and the sinks of attention (gpt-oss); learned positions (GPT-3: 50 MB);
// the norms of MLA's latents; under sequence parallelism the all-reduce over tp of the gradients of
// norms and routers (DeepSeek-V3 with tp: 7.3 MB per layer).
// Volumes and dependencies are a step's, values are not: in the backward pass of ring attention a
// rank is left with the gradients of a neighbour's keys and values, as large as its own.
#pragma once

#include "harness/schedule/step.hpp"
#include "harness/schedule/training/layout.hpp"
#include "harness/schedule/training/model.hpp"

namespace assay::training {

/// Labels of communication: "tp", "cp", "pp", "dp", "ep" and, for the norm of all gradients,
/// "world". Labels of memory: "weights", "gradients", "optimizer", "activations", "workspace".
/// Ranks of a pipeline stage share a schedule; with routing that is not even, those of a stage at
/// the same place of ep do (every layer has a draw of its own, every micro-batch the layer's).
/// Throws UsageError as check() does, and for schedules that together are too large for a host.
step::Job generate(const Model& model, const Layout& layout);

/// What generate() gives this rank: for whom one schedule is enough.
step::Schedule generate(const Model& model, const Layout& layout, int rank);

}  // namespace assay::training

// Options, suite and contract to a plan, on rank 0; and the plan as text for the other ranks.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/app/judging.hpp"
#include "harness/app/options.hpp"
#include "harness/comm/backend.hpp"
#include "harness/plan/plan.hpp"

namespace assay::app {

/// Reads the suite, takes the command line's requests, or derives what the contract needs; adds
/// noop; refuses a contract's clause that the plan does not serve. Throws UsageError.
plan::Plan make_plan(const RunOptions& options, const ContractFile& contract,
                     const Catalogue& catalogue, const Topology& topology);

std::string plan_to_text(const plan::Plan& plan);
plan::Plan plan_from_text(const std::string& text);

/// Bytes that a rank needs at most: what the messages of the largest case take, and what its
/// buffers take to rotate beyond the caches.
struct MemoryPerRank {
  double messages = 0, rotation = 0;
  double gpu_messages = 0;  ///< the same in memory of a GPU; its caches are not known to a plan
  double of_host() const { return messages + rotation; }
};
/// `rotation_bytes`: what each rank's cold buffers must cover, as in run::Inventory.
MemoryPerRank memory_per_rank(const plan::Plan& plan, const Catalogue& catalogue,
                              std::span<const comm::Backend> backends,
                              std::uint64_t rotation_bytes);

/// The cases that are not refused. `refusals`: by case, as refusals() has them.
plan::Plan without(plan::Plan plan, const std::vector<std::string>& refusals);

/// --dry-run: cases, estimated time, memory per rank. `refusals`: by case, as refusals() has them.
std::string plan_table(const plan::Plan& plan, const Topology& topology,
                       const MemoryPerRank& memory, const std::vector<std::string>& refusals);

}  // namespace assay::app

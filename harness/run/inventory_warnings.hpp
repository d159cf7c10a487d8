// Warnings that follow from where and on what the ranks run. Pure.
#pragma once

#include <span>
#include <vector>

#include "harness/core/warning.hpp"
#include "harness/run/inventory.hpp"

namespace assay::run {

/// oversubscribed, unbound, cpu_governor, other_load, fingerprint_differs, debug_build. `ranks` by
/// world rank. What several hosts share is one warning that names them all.
///
/// - oversubscribed: more ranks on a host than cores that they are bound to, or than its control
///   group grants.
/// - unbound: a rank may run anywhere on a host of several cores.
/// - other_load: something else kept more than 5% of the CPUs busy (at least 0.15 CPUs). Not
///   looked for where the ranks themselves outnumber the cores.
/// - fingerprint_differs: a host is not like the majority; names the first differing key with both
///   values. Memory may differ by 2%.
std::vector<Warning> inventory_warnings(std::span<const RankInventory> ranks,
                                        const InventoryOptions& options);

/// Whether some host is oversubscribed as above.
bool ranks_outnumber_cores(std::span<const RankInventory> ranks);

}  // namespace assay::run

// Builds layouts from a topology. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/core/layout.hpp"
#include "harness/core/topology.hpp"

namespace assay::schedule {

/// `name` is one of
///   world    one group of all ranks
///   node     one group per host, all at once
///   rail     one group per local rank: the same local rank of every host, all at once
///   pairs    tournament by the circle method: p−1 rounds (p when odd, one rank idle each round) of
///            disjoint pairs; the lower rank comes first. p = 1 is refused.
///   node_pairs  the tournaments of all hosts at once; refused where no host has two ranks
///   halves   the lower and the upper half of the ranks at once (odd p: the upper has one more);
///            p = 1 is refused
///   split:k  rank r in group r mod k, k groups at once, 1 ≤ k ≤ ranks
///   each     one-rank groups, all at once
///   alone    one-rank groups, one at a time
/// Throws UsageError naming the layout and the rank count where they do not fit (rail needs the
/// same number of ranks on every host).
Layout make_layout(std::string_view name, const Topology& topology);

/// Whether `name` is spelled as one of the names above; whether it fits is make_layout's business.
bool is_layout_name(std::string_view name);

/// `layout` under a permutation of ranks seeded by `placement`, named "world@7"; placement 0
/// leaves it as launched.
Layout permuted(Layout layout, int ranks, std::uint64_t placement);

/// The regular layouts of `ranks` ranks 0, 1, …, which documents name instead of listing.
Layout each_layout(int ranks);
Layout alone_layout(int ranks);
/// The tournament of `pairs`; ranks ≥ 2. Round r of m = 2⌈ranks/2⌉ players: player m−1 stays and
/// meets r, the others meet so that their numbers add up to 2r modulo m−1 (the circle method:
/// Kirkman 1847); with an odd number of ranks player m−1 does not exist and its partner is idle.
Layout circle_layout(int ranks);

/// Throws InternalError unless every round's groups are non-empty, disjoint and within `ranks`.
void validate(const Layout& layout, int ranks);

/// The names above, for `list` and error messages.
std::string_view layout_names();

}  // namespace assay::schedule

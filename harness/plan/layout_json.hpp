// Layouts as they stand in documents. Regular ones of thousands of ranks are named, not listed.
//
//   ["0-7","8-15"]                           one round of two groups
//   [["0-1","2-3"],["0,2","1,3"]]            several rounds
//   {"kind":"each","size":8192}              one-rank groups, all at once
//   {"kind":"alone","size":8192}             one-rank groups, one at a time
//   {"kind":"circle","size":8192}            the tournament of `pairs`
//   {"kind":"circle","size":16,"placement":7}   the same with its ranks permuted (layout "pairs@7")
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "harness/core/layout.hpp"

namespace assay::plan {

/// The compact form where the layout is exactly that one, else its groups. Exact:
/// layout_from_json(layout_to_json(x), x.name) equals x.
nlohmann::json layout_to_json(const Layout& layout);

/// Throws UsageError, beginning with `where`, for anything that is no layout: an unknown key or
/// kind, an unreadable range, an empty group, a rank twice in a round.
Layout layout_from_json(const nlohmann::json& json, std::string_view name, std::string_view where);

}  // namespace assay::plan

// What the groups of a case say of the same thing, as one text.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace assay::run {

/// Group, counted through all rounds → what it says. A group may be silent.
using GroupTexts = std::map<std::size_t, std::string>;

bool alike(const GroupTexts& texts);

/// The text where all groups that speak say the same; empty where none does. Else each text with
/// its groups, in the order of their first: "4 (groups 0-3), 2 (group 4)"; an empty one is "none".
std::string join_groups(const GroupTexts& texts);

}  // namespace assay::run

// Which cases a clause speaks of. Pure.
#pragma once

#include <string>
#include <string_view>

#include "harness/contract/contract.hpp"
#include "harness/core/case.hpp"
#include "harness/plan/json_reader.hpp"

namespace assay::contract {

/// Reads `of`: {"benchmark": "all_reduce", "bytes": {"min": "1MiB"}, "type": ["fp32", "bf16"]}.
/// Throws UsageError for an unknown attribute, a value of the wrong kind, or an empty list or
/// range.
Selector parse_selector(const plan::JsonValue& json);

/// What a clause can select on that is no dimension: benchmark, layout, pacing, cache.
bool is_attribute(std::string_view key);

/// Every attribute named matches; a case without that attribute does not.
bool matches(const Selector& selector, const Case& c);

/// "benchmark=all_reduce, bytes=64 MiB … 1 GiB, layout=world|node"
std::string describe(const Selector& selector);

/// The texts that the selector allows for `key`; empty where it does not name it.
std::vector<std::string> texts(const Selector& selector, std::string_view key);

}  // namespace assay::contract

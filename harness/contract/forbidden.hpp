// Variables of the environment that a contract forbids, in what a result records of it. Pure.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "harness/result/document.hpp"

namespace assay::contract {

struct ForbiddenSetting {
  std::string sentence;         ///< variable, value, host
  std::set<std::string> hosts;  ///< all that have it
};

/// Every value of a variable among `names`, in any attempt at the run.
std::vector<ForbiddenSetting> forbidden_settings(std::span<const std::string> names,
                                                 const result::ResultDocument& document);

/// Whether it is known of every rank, in every attempt, what was set.
bool records_every_rank(const result::ResultDocument& document);

}  // namespace assay::contract

// One clause against a document. Pure.
#pragma once

#include <cstddef>

#include "harness/contract/judge.hpp"
#include "harness/contract/scopes.hpp"

namespace assay::contract {

/// What all clauses of a contract share.
struct Evidence {
  const result::ResultDocument& document;
  const HostMap& hosts;
  std::size_t scopes;  ///< M: over all clauses; α_FR is split by it
};

/// Figures that the clause is tested on: case × group, or case where groups are joined.
std::size_t scope_count(const Clause& clause, const result::ResultDocument& document);

Finding judge_clause(const Clause& clause, const Evidence& evidence);

}  // namespace assay::contract

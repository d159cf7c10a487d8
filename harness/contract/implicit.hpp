// Clauses that every run has: what was expected is there, data is correct, nothing is missing.
// Pure.
#pragma once

#include "harness/contract/judge.hpp"

namespace assay::contract {

/// "expects": nodes, ranks per node and device against the topology, files against those that cases
/// name; a mismatch is a fail, a topology that was stated and not detected is no evidence, nor is a
/// file that no case names.
Finding judge_expects(const Expects& expects, const result::ResultDocument& document);

/// "correct": one wrong element is a fail; a case whose data was not checked is not measured. A
/// case that neither moves nor computes anything has nothing to check.
Finding judge_correct(const result::ResultDocument& document);

/// "complete": the run came to its end, every planned case is there, and none that was asked for by
/// name was skipped or failed.
Finding judge_complete(const result::ResultDocument& document);

bool any(const Expects& expects);

}  // namespace assay::contract

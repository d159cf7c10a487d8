// Which case of one run is which case of another, and whether their numbers mean the same. Pure.
#pragma once

#include <vector>

#include "harness/contract/compare.hpp"

namespace assay::contract {

struct CasePair {
  const result::CaseResult* base = nullptr;
  const result::CaseResult* next = nullptr;
};

struct Pairing {
  std::vector<CasePair> pairs;    ///< measured in both runs and comparable; as BASE measured them
  std::vector<NotCompared> gaps;  ///< all others; none for a case that neither run measured
};

/// The result points into the documents.
Pairing pair_cases(const result::ResultDocument& base, const result::ResultDocument& next);

/// One line each where hosts, machines, builds or environments differ, or where both are one run.
std::vector<Warning> differences(const result::ResultDocument& base,
                                 const result::ResultDocument& next);

}  // namespace assay::contract

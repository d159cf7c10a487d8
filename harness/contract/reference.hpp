// The figure of the same run that a relative bound is a multiple of. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/contract/clause_judge.hpp"
#include "harness/contract/contract.hpp"
#include "harness/result/document.hpp"

namespace assay::contract {

struct Reference {
  /// One-sided confidence bounds for the figure; absent where its blocks are too few.
  std::optional<double> low, high;
  const result::CaseResult* used = nullptr;
  std::string problem;  ///< why there is no reference
};

/// Error rates of the two ends.
struct EndRates {
  double low = 0.05, high = 0.05;
};

/// Order-statistics bounds for the median over blocks of the block quantile, with as many
/// independent blocks as their autocorrelation time leaves (n/τ). `across` joins groups block by
/// block, as in a clause. Exactly one case must match, and without `across` it must have exactly
/// one group.
Reference find_reference(const Relative& relative, const Evidence& evidence, const EndRates& rates);

}  // namespace assay::contract

// What follows a document that was read: figures, verdict and the texts people see.
#pragma once

#include "harness/contract/judge.hpp"
#include "harness/result/document.hpp"

namespace assay::fuzz {

/// A contract with every kind of clause over the benchmarks of tests/unit/catalogue.hpp.
const contract::Contract& every_clause();

/// Judges and reports, and requires the same verdict twice, readable text, and no pass for a
/// document whose data was wrong.
void judge_and_report(const contract::Contract& contract, const result::ResultDocument& document);

}  // namespace assay::fuzz

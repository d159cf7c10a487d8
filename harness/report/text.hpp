// Result, verdict and comparison as text. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/compare.hpp"
#include "harness/contract/judge.hpp"
#include "harness/result/document.hpp"

namespace assay::report {

/// One table per benchmark. Collectives in the columns of nccl-tests (size, count, type, redop,
/// root, time, algbw, busbw, #wrong), memory and matrix products in theirs; all with p50, the
/// median's 95% interval, p99, layout and pacing. Of several groups the slowest is shown, and which
/// it is. Sorted by benchmark, layout and size; cases without figures are named with their
/// reason, and so is a rank for which the others of its group wait in most iterations.
std::string result_table(const result::ResultDocument& result);

/// The verdict block: one finding a paragraph, the weightiest first, wrapped below 120 columns;
/// then "VERDICT: …  exit N". `contract_file` is what the next commands name as the contract.
std::string verdict_block(const contract::Verdict& verdict,
                          std::string_view contract_file = contract::contract_placeholder);

/// Warnings, one a line with evidence and remedy.
std::string warning_block(const std::vector<Warning>& warnings);

/// What differs between the machines, what the evidence lacks, a table of the figures compared (the
/// weightiest first, at most 64), the cases that were not, each with its reason; then "COMPARE: …
/// exit N". Only table rows may be wider than 119 columns.
std::string comparison_block(const contract::Comparison& comparison);

/// failed_hosts.txt: one host a line.
std::string failed_hosts(const contract::Verdict& verdict);

}  // namespace assay::report

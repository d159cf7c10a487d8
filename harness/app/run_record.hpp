// What a run writes about itself beside its samples.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/app/options.hpp"
#include "harness/app/planning.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/document.hpp"
#include "harness/run/inventory.hpp"

namespace assay::app {

/// "2026-01-31T12:00:00Z"; and "20260131T120000Z" for folder names.
std::string utc_now();
std::string utc_stamp();

/// The document before its first case.
result::ResultDocument header_of(const RunOptions& options, const plan::Plan& plan,
                                 const run::Inventory& inventory);

/// What the journal keeps for those who resume the run.
result::Conduct conduct_of(const RunOptions& options, const plan::Plan& plan,
                           const run::Inventory& inventory, const ContractFile& contract);

/// "c004 (all_reduce 1 MiB fp32 sum world)", by case index.
std::vector<std::string> case_labels(const plan::Plan& plan);

/// Flags of a case as warnings.
std::vector<Warning> warnings_of(const result::CaseResult& c);
/// What synchronising the clocks has shown, where it is cause for concern.
std::vector<Warning> warnings_of(const result::ClockSync& sync);
std::optional<double> median_time(const result::CaseResult& c);

/// Throws UsageError when so much for each rank does not fit into a host's memory. Whether it fits
/// into a GPU's is seen when a case is prepared.
void check_memory(const MemoryPerRank& memory, const run::Inventory& inventory);

/// What there is to measure, and with what.
struct Ground {
  const Topology& topology;
  const bench::Benchmarks& benchmarks;
  std::span<const comm::Backend> backends;
  std::string no_gpu = {};  ///< as in bench::Facts
};
/// By case: why it cannot be measured here; empty: it can.
std::vector<std::string> refusals(const plan::Plan& plan, const Ground& ground);
/// Throws UsageError with the first of the reasons when no case but noop can be measured.
void require_some(const plan::Plan& plan, const std::vector<std::string>& refusals);

}  // namespace assay::app

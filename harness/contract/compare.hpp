// compare(base, new) → comparison: which figures of a run changed against another's. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/judge.hpp"
#include "harness/core/exit_code.hpp"
#include "harness/core/metric.hpp"
#include "harness/core/warning.hpp"
#include "harness/result/document.hpp"
#include "harness/stats/ratio.hpp"

namespace assay::contract {

/// What is compared, and how sure an answer has to be.
struct CompareRules {
  std::string metric = {};  ///< a row of the metric table; empty: each benchmark's main one
  /// Benchmark → its metrics, the main one first: the first that a case yields is compared, so
  /// busbw of several ranks and algbw of one.
  std::map<std::string, std::vector<std::string>, std::less<>> metrics = {};
  double q = 0.5;            ///< quantile of the metric itself, inside (0, 1)
  double margin = 0.02;      ///< m: ratios within [1/(1+m), 1+m] are the same
  double confidence = 0.95;  ///< that all decisions are right together, inside (0, 1)
};

/// Faster is what is better in the metric's sense. In order of weight.
enum class Decision { slower, undecided, faster, same };
std::string_view name(Decision decision);

/// One figure that both runs have: (metric, case, group).
struct ComparedFigure {
  std::string label;             ///< "copy 64 MiB each stream"
  std::string base_id, next_id;  ///< the case's id in either run
  const Metric* metric = nullptr;
  std::size_t group = 0;
  std::string layout;
  std::string ranks;               ///< "0-7"
  std::vector<std::string> hosts;  ///< of NEW
  stats::QuantileEstimate base, next;
  stats::Ratio ratio;  ///< NEW / BASE
  Decision decision = Decision::undecided;
};

/// Why a case's figures are not among those compared.
enum class Gap {
  refused,    ///< both have it, but the numbers mean different things
  only_base,  ///< NEW lacks it
  only_next,  ///< BASE lacks it: nothing to fall behind
};
std::string_view name(Gap gap);

struct NotCompared {
  Gap gap = Gap::refused;
  std::string label;
  std::string reason;
};

/// What an implicit clause has against the evidence of one run.
struct Objection {
  bool in_base = false;  ///< else in NEW
  Finding finding;       ///< "correct" or "complete", and not a pass
};

struct Comparison {
  CompareRules rules;
  double confidence_each = 0.95;  ///< of every interval: 1 − (1 − confidence) / figures
  std::vector<ComparedFigure> figures = {};  ///< by case as BASE measured them, then by group
  std::vector<NotCompared> gaps = {};
  std::vector<Objection> objections = {};
  std::vector<Warning> warnings = {};  ///< the machines or builds differ
  std::size_t without_metric = 0;      ///< cases that have no such metric in either run

  std::size_t count(Decision decision) const;
  std::size_t count(Gap gap) const;
};

/// Cases are paired by benchmark, dimensions, layout, pacing and cache, never by id; their groups
/// one by one. `noop`, the harness itself, is left out. Refused are numbers that mean different
/// things: other pacing, cache, path, reduction, clock or provenance, other groups, other work, a
/// stop by the width of an interval, wrong data. Each of M figures is decided on its own interval
/// at confidence 1 − α/M, so that with probability `confidence` no decision is wrong (see
/// stats::change_of).
Comparison compare(const result::ResultDocument& base, const result::ResultDocument& next,
                   const CompareRules& rules);

/// The whole in one word, in order of precedence.
enum class CompareOutcome { wrong_data, slower, undecided, not_compared, faster, same };
std::string_view name(CompareOutcome outcome);
/// wrong_data: NEW has wrong elements. undecided: a figure is. not_compared: nothing was compared,
/// a figure is refused or missing in NEW, or either run's evidence has an objection.
CompareOutcome outcome(const Comparison& comparison);

/// wrong_data, slower → not_met; undecided, not_compared → undecided; else ok.
ExitCode exit_code(const Comparison& comparison);

/// Digests of the two result files.
struct ComparedDigests {
  std::string base, next;
};
/// The document "assay.compare", without times or paths: both parties get the same bytes.
nlohmann::ordered_json to_json(const Comparison& comparison, const ComparedDigests& digests);

}  // namespace assay::contract

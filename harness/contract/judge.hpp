// judge(contract, result) → verdict: pure, the same answer every time, everywhere.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/contract.hpp"
#include "harness/core/exit_code.hpp"
#include "harness/result/document.hpp"
#include "harness/stats/block_test.hpp"

namespace assay::contract {

/// In order of precedence, the weightiest first.
enum class Outcome { fail, not_measured, inconclusive, pass };
std::string_view name(Outcome outcome);

/// One exact binomial test on block indicators.
using BlockTest = stats::BlockTest;

/// What was decided about one (case, group), or about one case when `across` joins its groups.
struct Scope {
  std::string case_id;
  std::optional<std::size_t> group;  ///< absent when groups were joined
  std::string ranks;                 ///< "0-7"
  std::vector<std::string> hosts;
  Outcome outcome = Outcome::not_measured;
  std::string reason;                  ///< why it is not pass or fail
  std::optional<double> estimate;      ///< median over blocks of the block quantile (base unit)
  std::optional<double> lower, upper;  ///< its 95% interval over blocks
  std::optional<double> marginal;      ///< quantile over all iterations; absent for joined groups
  double bound = 0, guarded = 0;       ///< X and X(1∓δ), as a PASS has to meet them; 0 = none
  double fail_bound = 0;               ///< X as a FAIL has to miss it: `bound` unless relative
  std::int64_t iterations = 0;
  std::int64_t block_length = 0;
  bool block_length_fixed = false;  ///< by the plan, not by the pilot
  double tau = 1;
  std::optional<double> sigma;  ///< σ_b
  /// Median test (½), then regime test (.1). A relative bound is tested at both ends of its
  /// reference: first the two tests that decide PASS, then the two that decide FAIL.
  std::vector<BlockTest> tests;
  double lag1_p = 1, trend_p = 1, trend_slope = 0;
  bool marginal_pass = false;
  std::optional<std::int64_t> projected_blocks;  ///< that would decide, where undecided
};

/// What a clause asked, as a reader of the finding needs it.
struct Terms {
  std::string metric;
  Unit unit = Unit::one;  ///< of estimates and bounds: Unit::one for min/median
  double q = 0.5;
  Across across = Across::none;
  Direction direction = Direction::at_least;
  double guard = 0;
  std::string bound;  ///< "at least 460 GB/s", "at least 0.03 × median bandwidth of …"
};

struct Finding {
  std::string clause;
  std::optional<Terms> terms;  ///< absent for implicit clauses
  Outcome outcome = Outcome::not_measured;
  std::string sentence;  ///< what a person reads, on one line
  std::string next;      ///< the next command, or empty; see next_command(); letters, digits and
                         ///< " -_.,:=@+%" only, so that a shell takes it as it reads
  std::vector<std::string> failed_hosts;
  std::vector<std::string> cases;  ///< ids used, references included
  std::vector<Scope> scopes;       ///< the 64 worst that are not pass, and the worst pass
  std::size_t scopes_total = 0, scopes_failed = 0;
  double alpha_pass = 0, alpha_fail = 0;  ///< per scope, after splitting over scopes
};

struct Verdict {
  std::string contract_name, contract_sha256, result_sha256;
  Outcome outcome = Outcome::not_measured;
  bool run_complete = false;
  std::vector<Finding> findings;  ///< implicit clauses first: "expects", "correct", "complete"
  std::vector<std::string> failed_hosts;  ///< named by a FAIL, sorted
  std::size_t pass = 0, fail = 0, inconclusive = 0, not_measured = 0;
};

/// The error bounded by `confidence` is that of the whole contract. PASS needs every scope of every
/// clause to pass (intersection–union), so each is tested at α_FA. FAIL needs only one of M scopes,
/// so each is tested at α_FR/M.
/// A contract without clauses judges correctness and completeness alone: what `run` without
/// --contract does.
Verdict judge(const Contract& contract, const result::ResultDocument& result);

/// What stands for the contract's file in Finding::next: a verdict holds no paths, so that both
/// parties get the same bytes.
inline constexpr std::string_view contract_placeholder = "FILE";
/// Finding::next for a person who has the contract in `contract_file`.
std::string next_command(const Finding& finding, std::string_view contract_file);

/// fail → not_met; else a run that did not complete → incomplete; not_measured and inconclusive →
/// undecided; pass → ok.
ExitCode exit_code(const Verdict& verdict);

/// The document "assay.verdict": ordered, without times or paths, so that both parties get the same
/// bytes. The digests that judge() cannot know (contract_sha256, result_sha256) are null when
/// empty.
nlohmann::ordered_json to_json(const Verdict& verdict);

}  // namespace assay::contract

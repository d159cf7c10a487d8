// One scope of a clause: blocks from samples, and the decision on them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/contract/judge.hpp"
#include "harness/contract/scopes.hpp"
#include "harness/result/document.hpp"
#include "harness/stats/block_test.hpp"

namespace assay::contract {

/// A clause with the error rates of one scope and the bounds in figures.
struct Question {
  const Clause* clause = nullptr;
  double alpha_pass = 0.05, alpha_fail = 0.05;
  /// Equal unless the bound is relative: then the ends of the reference that are hard on PASS and
  /// on FAIL. Absent where the reference had too few blocks for that end: this side is never
  /// reached.
  std::optional<double> pass_bound, fail_bound;
  bool relative = false;

  stats::BlockQuestion pass_question() const;
  stats::BlockQuestion fail_question() const;
};

/// How a case is cut into blocks, the same for all of its groups. With a problem: not at all.
struct Blocking {
  std::int64_t length = 0;
  bool fixed = false;  ///< by the plan; else from the pilot
  double tau = 1;
  Outcome outcome = Outcome::inconclusive;  ///< what a problem leads to
  std::string problem;
};

struct Figure {
  const Metric* metric = nullptr;
  double q = 0.5;
};

/// The block length that the stored pilot asks for (the longest over the groups), so that a verdict
/// never rests on what the run decided; or the plan's own.
Blocking blocking(const CaseGroups& of, const Figure& figure);

/// Block quantiles of one figure.
struct Blocks {
  std::vector<double> quantiles;
  std::vector<double> values;  ///< all iterations; empty for joined groups
  std::int64_t iterations = 0;
  std::string problem;  ///< why there are none
};

/// Of one group.
Blocks group_blocks(const result::CaseResult& c, std::size_t group, const Figure& figure,
                    const Blocking& cut);
/// Groups joined block by block: A_i = min or median or min/median over groups of Q_{g,i}.
Blocks joined_blocks(const CaseGroups& of, const Figure& figure, Across across,
                     const Blocking& cut);

/// Quantile over all iterations; absent for joined groups.
std::optional<double> marginal_quantile(const Blocks& blocks, double q);

struct Evaluation {
  Outcome outcome = Outcome::not_measured;
  std::string reason;  ///< empty where the decision speaks for itself
  std::optional<double> estimate;
  /// Alike unless the bound is relative.
  stats::BlockDecision pass_side, fail_side;
};

/// Decides on the blocks. Two guards of the decision need its context and live here:
/// - bias: a median over blocks that lies more than δ/4 beside the marginal quantile decides
///   nothing. Exempt is a verdict that no block contradicts: if every block's q-quantile is on one
///   side of a bound, so is the marginal q-quantile of all their iterations (in each block at least
///   ⌈qb⌉ iterations are at or below the block's quantile and fewer than ⌈qb⌉ below it), so both
///   readings of the contract agree, whatever the bias.
/// - σ_b > δ never blocks a verdict: the exact test bounds the errors at any σ_b, a large one only
///   makes "inconclusive" likely. It is what the sentence of an undecided scope speaks of.
Evaluation evaluate(const Blocks& blocks, const Question& question);

/// A short cut for the many scopes of a large run that are in order: true only where evaluate()
/// gives PASS, because enough blocks (zero_defect_minimum) are all on the right side of the bound,
/// so that every count is 0, and they have no significant trend. False says nothing.
bool surely_passes(const Blocks& blocks, const Question& question);

}  // namespace assay::contract

// The decision on one figure: two exact tests on its block quantiles, with two guards. Pure.
//
// The contract promises two things, in words both parties can check by counting:
//   median   the median over blocks of the block q-quantile is on the right side of the bound X;
//   regime   at most 10% of the blocks lie on the wrong side of the guarded bound X(1∓δ). It sees
//            what a median is blind to: a cluster that is slow a quarter of the time.
//
// | test   | q0 | PASS when                | FAIL when                     |
// |--------|----|--------------------------|-------------------------------|
// | median | ½  | #bad(Xg) ≤ L(n,½,α_pass)  | #bad(X)  ≥ R(n,½,α_fail/2)    |
// | regime | .1 | #bad(Xg) ≤ L(n,.1,α_pass) | #bad(Xg) ≥ R(n,.1,α_fail/2)   |
//
// Both must pass: an intersection–union, so each has the whole α_pass. Either may fail: α_fail is
// split. The regime test counts against the guarded bound on both sides, since a figure that meets
// X exactly has half its blocks below X. So a figure whose median is X keeps the second promise
// only if δ ≥ 1.29 σ_b (normal blocks); below that it may be failed, rightly, by the regime test.
// A PASS needs at least zero_defect_minimum(.1, α_pass) blocks: 29 at 5%.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "harness/stats/autocorrelation.hpp"

namespace assay::stats {

/// The right side of a bound.
enum class RightSide { at_least, at_most };

/// What is asked of the blocks; bounds in the unit of the block quantiles.
struct BlockQuestion {
  RightSide side = RightSide::at_least;
  double bound = 0;    ///< X
  double guarded = 0;  ///< Xg: X(1−δ) for at_least, X(1+δ) for at_most
  double alpha_pass = 0.05;
  double alpha_fail = 0.05;
};

/// Whether a value is on the wrong side; the bound itself is right, NaN is wrong.
bool is_bad(double value, RightSide side, double bound);

/// One exact binomial test on block indicators, with what was counted and the bounds it met.
struct BlockTest {
  double q0 = 0.5;
  std::int64_t blocks = 0;
  std::int64_t bad_guarded = 0;      ///< blocks on the wrong side of the guarded bound
  std::int64_t bad = 0;              ///< blocks on the wrong side of the bound
  std::int64_t accept_at_most = -1;  ///< −1: too few blocks to pass
  std::int64_t reject_at_least = 1;  ///< n + 1: too few blocks to fail
  bool pass = false, fail = false;   ///< before the guards
};

enum class BlockOutcome { pass, fail, inconclusive };

/// Why a decision is inconclusive.
enum class Hindrance {
  none,        ///< decided
  undecided,   ///< the counts lie between the bounds: more blocks, or never when δ < σ_b
  too_few,     ///< not even flawless blocks could pass: fewer than zero_defect_minimum(.1, α_pass)
  correlated,  ///< block indicators remember each other: the counts are not binomial
  trend,       ///< it would pass, but drifts towards the bound and would cross it in another run
};

struct BlockDecision {
  BlockOutcome outcome = BlockOutcome::inconclusive;
  Hindrance hindrance = Hindrance::too_few;
  bool marginal = false;  ///< the counts allow PASS and FAIL at once: PASS, said to be marginal
  BlockTest median, regime;
  double lag1_p = 1;  ///< the smaller p-value of both indicators (see indicator_p_value)
  Trend trend;  ///< of the block quantiles, recorded even where harmless; slope 0 if p ≥ .01
  bool trend_fires = false;
};

/// Decides. `blocks` are block quantiles in the order of time; none is inconclusive (too_few). NaN,
/// and infinity where it is beyond the bound, is a bad block (a lost iteration); no trend is tested
/// where a block is not finite.
/// Guards: lag1_p < .01 → neither verdict, save a FAIL for which every block is bad. A trend fires,
/// and forbids PASS, when Mann–Kendall p < .01, it points to the wrong side, and the Theil–Sen line
/// reaches the wrong side of the guarded bound by the end of another run of the same length.
/// Throws std::invalid_argument for an α outside (0, 1), a bound that is not finite, or a guarded
/// bound on the wrong side of the bound.
BlockDecision decide(std::span<const double> blocks, const BlockQuestion& question);

/// How many blocks would decide if the fractions of bad blocks stayed as they are: the smallest
/// such count on a ×1.25 ladder above the present one; absent when 10,000 blocks would not. Without
/// blocks, the fewest that can pass.
std::optional<std::int64_t> projected_blocks(const BlockDecision& decision,
                                             const BlockQuestion& question);

}  // namespace assay::stats

// Exact group-sequential binomial bounds and the block rules behind every verdict. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::stats {

enum class Side { pass, fail };
enum class Spending { obrien_fleming, pocock };

/// Bounds per look: PASS when bad blocks ≤ bound (−1 = cannot stop here), FAIL when bad blocks ≥
/// bound (n + 1 = cannot stop here). `looks` are cumulative block counts, ascending. The error
/// spent over all looks is ≤ alpha exactly (binomial, not approximated), at
/// t = looks[k]/looks.back() at most 2−2Φ(z_{1−α/2}/√t) (O'Brien–Fleming) or α·ln(1+(e−1)t)
/// (Pocock); what one look leaves unspent, the next may spend (Lan & DeMets 1983).
/// With one look this is the plain exact binomial test.
/// Throws std::invalid_argument for no looks, looks that do not ascend from ≥ 1, q0 or alpha
/// outside (0, 1).
std::vector<std::int64_t> sequential_bounds(std::span<const std::int64_t> looks, double q0,
                                            double alpha, Side side,
                                            Spending spending = Spending::pocock);

/// Smallest n for which zero bad of n rejects "at least a fraction q is bad": ⌈ln α / ln(1−q)⌉.
/// Throws std::invalid_argument for q or alpha outside (0, 1).
std::int64_t zero_defect_minimum(double q, double alpha);

/// Block length at quantile q for which P(block is bad) is ½ at the marginal quantile and which is
/// long against the autocorrelation. The block quantile is the k-th smallest (q > .5: largest) of
/// b = ⌊(k−⅓)/q − ⅓⌋, q ← min(q, 1−q): the median of Beta(k, b−k+1), which is (k−⅓)/(b+⅓) but for
/// a little, then lies at q. k is the smallest whole number with
///   q = .5: b = 2k − 1 ≥ 10τ, so b is odd;
///   tail:   k ≥ 5τ_I. This is how "b ≥ 5τ_I/q" is read, of which b is short by (1+q)/(3q), about
///           a tenth at most. Without memory q = .05: 93, .01: 466, .001: 4,666.
struct BlockRule {
  std::int64_t length = 0;
  double tau = 1;  ///< the τ (q = .5) or τ_I (tail) that it rests on
};
/// From a known τ ≥ 1 (of the samples for q = .5, else of the exceedance indicator at q). Throws
/// std::invalid_argument for q outside (0, 1) or tau < 1.
BlockRule block_length(double tau, double q);
/// From a pilot (not empty). τ at q = .5 is the larger of the samples' and of the indicator "above
/// the median", since one outlier hides the memory of all other samples from the former.
BlockRule block_length(std::span<const double> pilot, double q);

/// No pilot is longer: what it leaves unknown of memory, the test of the blocks' own correlation
/// catches.
inline constexpr std::int64_t longest_pilot = 20'000;

/// How long a pilot must be, judged by itself, to give the block length at quantile q:
/// max(500, 20τ̂), and in a tail 20τ̂_I/q (q ← min(q, 1−q)), so that it holds 20 independent
/// exceedances. Extend while it is shorter. Throws std::invalid_argument for q outside (0, 1) and,
/// in a tail, for an empty pilot.
std::int64_t pilot_length(std::span<const double> pilot, double q = 0.5);

/// Block q-quantiles (⌈q·b⌉-th smallest) of consecutive full blocks of `length` ≥ 1, in order; a
/// remainder is left out.
std::vector<double> block_quantiles(std::span<const double> values, std::int64_t length, double q);

/// Relative sd of the block quantile (σ_b), estimated on the pilot: from blocks of the longest
/// length ≤ `length` that still gives ≥ 20 blocks, scaled by √(length used / length). Where memory
/// outlasts the blocks used (a pilot of 20τ) it is low by up to a quarter.
/// Absent when the pilot is too short for 20 blocks of length 1, or its blocks' mean is 0.
std::optional<double> block_sigma(std::span<const double> pilot, std::int64_t length, double q);

}  // namespace assay::stats

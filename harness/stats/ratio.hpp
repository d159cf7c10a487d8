// How many times as large is a quantile of one run as that of another, and how sure is that? Pure.
//
// Each side has the interval of its own quantile from order statistics (quantile_interval), with n
// replaced by n/τ since neighbouring iterations remember each other. The two are joined on the
// logarithmic scale by MOVER (Zou & Donner, Statistics in Medicine 27, 2008; for ratios: Donner &
// Zou, Statistical Methods in Medical Research 21, 2012): with estimates b, n and limits b_l … n_u
//
//   ln lower = ln(n/b) − √( ln²(n/n_l) + ln²(b_u/b) )
//   ln upper = ln(n/b) + √( ln²(n_u/n) + ln²(b/b_l) )
//
// so that both sides need no more than the confidence asked for. To take the quotients of limits at
// α/2 instead ("lower of NEW over upper of BASE") is valid too, but 1.6 times as wide where both
// runs are alike; a bootstrap needs a seed and a block length, and would not give both parties the
// same digits. That errors stay within α is shown on generated traces in
// tests/unit/ratio_operating_characteristics_test.cpp.
//
// The interval speaks of the two runs measured. What differs from one launch to the next (where
// pages and ranks were put) it cannot know.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "harness/stats/quantile.hpp"

namespace assay::stats {

/// The q-quantile of one run.
struct QuantileEstimate {
  double value = 0;                  ///< the ⌈q·n⌉-th smallest
  std::size_t n = 0;                 ///< iterations
  double tau = 1;                    ///< how many iterations count as one
  std::optional<Interval> interval;  ///< absent: n is too small, see estimate_quantile()
};

/// With the interval at `confidence`. τ is that of the indicator of exceedance, at the median the
/// larger of this and the samples' own (see block_length). There is no interval for n < 10τ, since
/// a τ from so short a run is too small (a run of 200 at ρ = .99 rarely has an interval, but then
/// one in four misses), nor for n/τ below what order_interval() needs. Values must be finite.
/// Throws std::invalid_argument for no values and for q or confidence outside (0, 1).
QuantileEstimate estimate_quantile(std::span<const double> values, double q, double confidence);

/// NEW over BASE.
struct Ratio {
  double value = 1;
  std::optional<Interval> interval = {};  ///< absent unless both sides have one
};
/// Throws std::invalid_argument unless both estimates, and the intervals they have, are above 0.
Ratio ratio_of(const QuantileEstimate& next, const QuantileEstimate& base);

/// What an interval says of a ratio, for an equivalence margin m.
enum class Change {
  lower,      ///< the whole interval lies below 1
  higher,     ///< the whole interval lies above 1
  same,       ///< the whole interval lies within [1/(1+m), 1+m], be it beside 1 or not
  undecided,  ///< neither, or there is no interval
};
/// An answer is wrong only where the interval misses the true ratio: as seldom as its confidence
/// says. M answers at confidence 1 − α/M are thus all right with 1 − α (Bonferroni), and each can
/// be read off the interval that is printed, which Holm's stepwise test would not allow. Throws
/// std::invalid_argument for a margin below 0.
Change change_of(const Ratio& ratio, double margin);

}  // namespace assay::stats

#include "harness/run/arrival.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "harness/core/error.hpp"
#include "harness/core/units.hpp"
#include "harness/run/append.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::run {

namespace {

// What one reduction by maximum carries: four values per iteration, then the clock error. The
// first arrival goes negated.
enum Column : std::size_t { duration, last_exit, last_arrival, negated_first_arrival, columns };

std::vector<double> pack(const Stamps& mine) {
  const auto n = mine.duration_ns.size();
  invariant(mine.arrival_ns.size() == n && mine.exit_ns.size() == n,
            "every iteration has an arrival, an exit and a duration");
  std::vector<double> packed(columns * n + 1);
  const auto column = [&](Column c) { return packed.begin() + static_cast<std::ptrdiff_t>(c * n); };
  std::copy(mine.duration_ns.begin(), mine.duration_ns.end(), column(duration));
  std::copy(mine.exit_ns.begin(), mine.exit_ns.end(), column(last_exit));
  std::copy(mine.arrival_ns.begin(), mine.arrival_ns.end(), column(last_arrival));
  std::transform(mine.arrival_ns.begin(), mine.arrival_ns.end(), column(negated_first_arrival),
                 std::negate<>());
  packed.back() = mine.bound_ns;
  return packed;
}

/// The maximum over ranks of what this returns is the last arriver.
std::vector<double> claim_last(const Stamps& mine, std::span<const double> packed, int rank) {
  const auto n = mine.arrival_ns.size();
  const auto latest = packed.subspan(last_arrival * n, n);
  std::vector<double> claims(n);
  std::transform(mine.arrival_ns.begin(), mine.arrival_ns.end(), latest.begin(), claims.begin(),
                 [&](double own, double last) { return own == last ? rank : -1; });
  return claims;
}

GroupArrivals unpack(std::span<const double> packed, std::span<const double> claims) {
  const auto n = claims.size();
  GroupArrivals group;
  group.bound_ns = packed.back();
  group.t_max_ns.assign(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(n));
  group.t_span_ns.resize(n);
  group.t_transfer_ns.resize(n);
  group.last.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double exit = packed[last_exit * n + i];
    group.t_span_ns[i] = exit + packed[negated_first_arrival * n + i];
    group.t_transfer_ns[i] = exit - packed[last_arrival * n + i];
    group.last[i] = static_cast<int>(claims[i]);
  }
  return group;
}

void raise_to(std::vector<double>& values, const std::vector<double>& others) {
  invariant(values.size() == others.size(), "ranks of a group have equally many iterations");
  std::transform(values.begin(), values.end(), others.begin(), values.begin(),
                 [](double a, double b) { return std::max(a, b); });
}

/// Empty when twice `bound_ns` is small against the median of `values`.
std::string why_absent(std::string_view what, const std::vector<double>& values, double bound_ns) {
  if (values.empty()) return "no iteration was timed";
  if (!std::isfinite(bound_ns))
    return "the clocks of the ranks could not be brought together: one was stepped or changed its "
           "rate";
  const double median_ns = stats::order_quantile(values, 0.5);
  if (2 * bound_ns <= clock_error_share * median_ns) return {};
  return fmt::format("the clock error of up to {} is more than {:g}% of the median {} of {}",
                     format_quantity(2 * bound_ns * 1e-9, Unit::second), 100 * clock_error_share,
                     what, format_quantity(median_ns * 1e-9, Unit::second));
}

}  // namespace

std::string why_comparisons_absent(const GroupArrivals& arrivals, std::size_t times) {
  const auto once = why_absent("t_max", arrivals.t_max_ns, arrivals.bound_ns);
  if (!once.empty()) return once;
  auto reason =
      why_absent("t_max", arrivals.t_max_ns, static_cast<double>(times) * arrivals.bound_ns);
  if (!reason.empty()) reason += fmt::format(" ({} times in each)", times);
  return reason;
}

Stamps to_common(LocalStamps local, const ClockModel& model, std::int64_t epoch_ns) {
  const auto n = local.arrival_ns.size();
  invariant(local.exit_ns.size() == n, "every arrival has an exit");
  Stamps stamps;
  stamps.arrival_ns.reserve(n);
  stamps.exit_ns.reserve(n);
  stamps.duration_ns.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto arrival = model.at(local.arrival_ns[i]);
    const auto exit = model.at(local.exit_ns[i]);
    stamps.arrival_ns.push_back(static_cast<double>(arrival.ns - epoch_ns));
    stamps.exit_ns.push_back(static_cast<double>(exit.ns - epoch_ns));
    stamps.duration_ns.push_back(static_cast<double>(local.exit_ns[i] - local.arrival_ns[i]));
    stamps.bound_ns = std::max({stamps.bound_ns, arrival.bound_ns, exit.bound_ns});
  }
  return stamps;
}

GroupArrivals combine(std::span<const Stamps> ranks) {
  invariant(!ranks.empty(), "a group has a rank");
  auto packed = pack(ranks.front());
  for (const auto& stamps : ranks.subspan(1)) raise_to(packed, pack(stamps));
  auto claims = claim_last(ranks.front(), packed, 0);
  for (std::size_t r = 1; r < ranks.size(); ++r)
    raise_to(claims, claim_last(ranks[r], packed, static_cast<int>(r)));
  return unpack(packed, claims);
}

GroupArrivals combine(comm::Team& group, const Stamps& mine) {
  auto packed = pack(mine);
  group.max(packed);
  auto claims = claim_last(mine, packed, group.rank());
  group.max(claims);
  return unpack(packed, claims);
}

void append(GroupArrivals& all, const GroupArrivals& more) {
  append(all.t_max_ns, more.t_max_ns);
  append(all.t_span_ns, more.t_span_ns);
  append(all.t_transfer_ns, more.t_transfer_ns);
  append(all.last, more.last);
  all.bound_ns = std::max(all.bound_ns, more.bound_ns);
}

ArrivalValidity judge_arrivals(const GroupArrivals& arrivals) {
  const auto bound_ns = arrivals.bound_ns;
  return {why_absent("t_span", arrivals.t_span_ns, bound_ns),
          why_absent("t_transfer", arrivals.t_transfer_ns, bound_ns),
          why_absent("t_max", arrivals.t_max_ns, bound_ns)};
}

}  // namespace assay::run

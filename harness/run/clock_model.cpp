#include "harness/run/clock_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/core/error.hpp"

namespace assay::run {

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

double ns_between(std::int64_t from, std::int64_t to) { return static_cast<double>(to - from); }

/// Where the offset lies at `at_ns`, relative to `base_ns`: a double would not hold the offset of
/// hosts that were booted months apart to the nanosecond.
struct OffsetRange {
  double lower = -infinite, upper = infinite;
  double middle() const { return (lower + upper) / 2; }
};
OffsetRange range_of(std::span<const PingPong> ping_pongs, std::int64_t base_ns,
                     std::int64_t at_ns) {
  OffsetRange range;
  for (const auto& ping_pong : ping_pongs) {
    // Twice: the teacher's clock may drift against the common one as well.
    const double drift = 2 * max_drift * ns_between(ping_pong.sent_ns, at_ns);
    const auto against = ping_pong.common_ns - base_ns;
    range.lower = std::max(range.lower, ns_between(ping_pong.received_ns, against) - drift);
    range.upper = std::min(range.upper, ns_between(ping_pong.sent_ns, against) + drift);
  }
  return range;
}

/// The line through two fixes; the error of each counts by its weight.
CommonTime on_line(const ClockFix& from, const ClockFix& to, std::int64_t local_ns) {
  const double weight = ns_between(from.at_ns, local_ns) / ns_between(from.at_ns, to.at_ns);
  const double turn = weight * ns_between(from.offset_ns, to.offset_ns);
  return {local_ns + from.offset_ns + std::llround(turn),
          std::abs(1 - weight) * from.bound_ns + std::abs(weight) * to.bound_ns};
}

}  // namespace

ClockFix fix_offset(std::span<const PingPong> ping_pongs) {
  invariant(!ping_pongs.empty(), "an offset needs a ping-pong");
  const auto at = ping_pongs.back().received_ns;
  const auto base = ping_pongs.front().common_ns - ping_pongs.front().received_ns;
  const auto whole = range_of(ping_pongs, base, at);
  // The offset is rounded to a nanosecond.
  const double bound = whole.lower > whole.upper ? infinite : (whole.upper - whole.lower) / 2 + 0.5;
  ClockFix fix{at, base + std::llround(whole.middle()), bound, bound};
  if (ping_pongs.size() < 8) return fix;
  double least = infinite, most = -infinite;
  const auto quarter = ping_pongs.size() / 4;
  for (std::size_t i = 0; i < 4; ++i) {
    const double offset = range_of(ping_pongs.subspan(i * quarter, quarter), base, at).middle();
    least = std::min(least, offset);
    most = std::max(most, offset);
  }
  fix.estimate_ns = std::min(bound, (most - least) / 2);
  return fix;
}

ClockModel ClockModel::reference() {
  ClockModel model;
  model.is_reference_ = true;
  return model;
}

bool ClockModel::add(ClockFix fix) {
  const auto expected = at(fix.at_ns);
  const auto found = fix.at_ns + fix.offset_ns;
  const bool agrees = std::abs(ns_between(expected.ns, found)) <= expected.bound_ns + fix.bound_ns;
  if (!agrees || !std::isfinite(fix.bound_ns)) fixes_.clear();
  if (!std::isfinite(fix.bound_ns)) return false;
  invariant(fixes_.empty() || fixes_.back().at_ns < fix.at_ns, "a fix is later than the last one");
  fixes_.push_back(fix);
  // The last but one stays: what was timed since then lies between it and the new one.
  while (fixes_.size() > 2 && fix.at_ns - fixes_[1].at_ns >= slope_window_ns)
    fixes_.erase(fixes_.begin());
  return agrees;
}

std::optional<double> ClockModel::drift() const {
  if (fixes_.empty()) return std::nullopt;
  const auto& first = fixes_.front();
  const auto& last = fixes_.back();
  const auto window = ns_between(first.at_ns, last.at_ns);
  if (last.at_ns - first.at_ns < slope_window_ns ||
      first.bound_ns + last.bound_ns >= max_drift * window)
    return std::nullopt;
  return ns_between(first.offset_ns, last.offset_ns) / window;
}

CommonTime ClockModel::extrapolate(std::int64_t local_ns) const {
  const auto& last = fixes_.back();
  if (drift()) return on_line(fixes_.front(), last, local_ns);
  return {local_ns + last.offset_ns, last.bound_ns + max_drift * ns_between(last.at_ns, local_ns)};
}

CommonTime ClockModel::at(std::int64_t local_ns) const {
  if (is_reference_) return {local_ns, 0};
  if (fixes_.empty() || local_ns < fixes_.front().at_ns) return {local_ns, infinite};
  const auto next =
      std::upper_bound(fixes_.begin(), fixes_.end(), local_ns,
                       [](std::int64_t t, const ClockFix& fix) { return t < fix.at_ns; });
  if (next == fixes_.end()) return extrapolate(local_ns);
  return on_line(*std::prev(next), *next, local_ns);
}

std::int64_t ClockModel::local_at(std::int64_t common_ns) const {
  if (is_reference_) return common_ns;
  invariant(!fixes_.empty(), "the clock was never synchronised");
  auto local = common_ns - fixes_.back().offset_ns;
  // What is left after a step is max_drift times what was left before.
  for (int step = 0; step < 2; ++step) local += common_ns - at(local).ns;
  return local;
}

ClockFix ClockModel::last_fix() const {
  if (is_reference_) return {};
  if (fixes_.empty()) return {0, 0, infinite, infinite};
  return fixes_.back();
}

}  // namespace assay::run

// From a rank's own clock to the clock that all ranks share, with the error this can have. Pure.
//
// Offsets are of the common clock against the local one: common = local + offset. Source of the
// formulas: S. Hunold and A. Carpen-Amarie, "Hierarchical Clock Synchronization in MPI", IEEE
// CLUSTER 2018 (HCA3), and their ReproMPI. The bounds hold as long as no two clocks drift apart
// faster than `max_drift` and the drift between two fixes is steady; a fix that contradicts this
// discards the older ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::run {

/// Most that a clock gains or loses against the common one, in ns per ns: two oscillators at the
/// usual tolerance of 50 ppm, in opposite directions.
inline constexpr double max_drift = 100e-6;
/// A slope over less than this says more about the noise of its fixes than about the drift.
inline constexpr std::int64_t slope_window_ns = 1'000'000'000;

/// One ping-pong as the learning rank sees it: it asked at `sent_ns` and had the answer at
/// `received_ns` on its own clock; in between the teacher read `common_ns`.
struct PingPong {
  std::int64_t sent_ns = 0, common_ns = 0, received_ns = 0;
};

/// What is known of the offset at one moment.
struct ClockFix {
  std::int64_t at_ns = 0;      ///< local clock
  std::int64_t offset_ns = 0;  ///< common − local
  double bound_ns = 0;         ///< the true offset is no further away than this
  double estimate_ns = 0;      ///< how far away it seems to be; blind to asymmetric paths
};

/// offset = (max(t − s_now) + min(t − s_last))/2, bound = (min(t − s_last) − max(t − s_now))/2,
/// each side moved by what both clocks may have drifted since; an infinite bound when no offset
/// explains all ping-pongs. The estimate is half the range of the offsets of four quarters of the
/// ping-pongs, at most the bound; the bound itself where there are fewer than eight. Valid at the
/// end of the last ping-pong. `ping_pongs` is in order and not empty.
ClockFix fix_offset(std::span<const PingPong> ping_pongs);

struct CommonTime {
  std::int64_t ns = 0;
  double bound_ns = 0;  ///< infinite: nothing is known
};

class ClockModel {
 public:
  /// Nothing is known until the first fix.
  ClockModel() = default;
  /// Of the rank whose clock is the common one.
  static ClockModel reference();

  /// `fix` is later than those before it. False when it contradicts them or itself (infinite
  /// bound): a clock was stepped or changed its rate. What contradicts is forgotten then, so that
  /// times before the next sound fix are of unknown error.
  bool add(ClockFix fix);

  /// Between two fixes on the line through them; its bound is never above the larger of theirs.
  /// After the last along the line from a fix at least slope_window_ns before it, where that is
  /// known better than max_drift; else offset only, the bound growing by max_drift.
  CommonTime at(std::int64_t local_ns) const;
  /// The local time at which at() gives `common_ns`, to the nanosecond within minutes of the last
  /// fix. Throws InternalError when nothing is known.
  std::int64_t local_at(std::int64_t common_ns) const;
  /// The latest; all zero for the reference, infinite bound and estimate when nothing is known.
  ClockFix last_fix() const;
  /// ns that the common clock gains per ns of the local one, over the fixes kept; absent for the
  /// reference, and until they are at least slope_window_ns apart and tell it better than
  /// max_drift.
  std::optional<double> drift() const;

 private:
  CommonTime extrapolate(std::int64_t local_ns) const;
  bool is_reference_ = false;
  std::vector<ClockFix> fixes_;  ///< by time; from the one that begins the slope to the latest
};

}  // namespace assay::run

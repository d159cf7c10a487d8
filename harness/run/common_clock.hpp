// One clock over all ranks of a team: HCA3, learnt by ping-pongs on the control plane.
//
// Rank 0's clock is the common one. In ⌈log2 p⌉ steps every rank that has the common clock teaches
// one that has not; the errors add up along the path. Ranks of one host are measured like all
// others: that they share a clock is seen, not assumed (time namespaces shift it).
// Formulas and their source: clock_model.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "harness/comm/team.hpp"
#include "harness/core/local_clock.hpp"
#include "harness/result/document.hpp"
#include "harness/run/clock_model.hpp"

namespace assay::run {

/// How one rank learns from another.
struct SyncEffort {
  int ping_pongs = 100;      ///< most per hop
  double time_s = 0.02;      ///< no more are begun after this time, but `least` are made
  int least_ping_pongs = 8;  ///< where ranks outnumber cores each can take milliseconds
};

/// The worst of all ranks, equal on all of them. Bound and estimate are infinite while a clock is
/// of unknown error; the next synchronisation starts it afresh.
struct SyncReport {
  double bound_ns = 0;     ///< at the end of the synchronisation
  double estimate_ns = 0;  ///< what the error seems to be, summed over the hops
  double duration_s = 0;
  int hops = 0;                 ///< longest path from rank 0
  bool unsteady = false;        ///< a clock contradicted its past: stepped, or its rate changed
  std::optional<double> drift;  ///< steepest seen, see ClockModel::drift(); absent: of no rank
};

class CommonClock {
 public:
  /// What this rank's clock shows at a reading of now_ns(); never steps back. Empty: just that.
  /// Tests shift it.
  using Lens = std::function<std::int64_t(std::int64_t)>;

  /// Local. `team` outlives the clock.
  explicit CommonClock(comm::Team& team, Lens lens = {}, SyncEffort effort = {});

  /// Collective over the team, blocking. Once before the clock is read; again after each stretch
  /// of measuring: times between two synchronisations are known best, since nothing is
  /// extrapolated. Throws RunError as Team does.
  SyncReport synchronise();

  /// This rank's own clock, now and at an earlier reading of now_ns(). Local.
  std::int64_t local_ns() const { return local_at(now_ns()); }
  std::int64_t local_at(std::int64_t reading_ns) const {
    return lens_ ? lens_(reading_ns) : reading_ns;
  }
  /// Local times of this rank in the common clock, now or earlier. Local.
  const ClockModel& model() const { return model_; }
  /// Now, its bound including what may have happened since the last synchronisation. Local.
  CommonTime now() const { return model_.at(local_ns()); }
  /// What all synchronisations so far have shown; equal on all ranks. Local.
  const result::ClockSync& record() const { return record_; }

 private:
  void teach(int learner);
  void learn(int teacher);
  SyncReport worst_of_all(std::int64_t begin_ns);

  comm::Team& team_;
  Lens lens_;
  SyncEffort effort_;
  ClockModel model_;
  double path_estimate_ns_ = 0;
  int hops_ = 0;
  bool unsteady_ = false;
  result::ClockSync record_;
};

/// `record` with one more synchronisation. Pure.
result::ClockSync recorded(result::ClockSync record, const SyncReport& report);

}  // namespace assay::run

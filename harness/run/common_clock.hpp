// One clock over all ranks of a team: HCA3, learnt by ping-pongs on the control plane.
//
// Rank 0's clock is the common one. In ⌈log2 p⌉ steps every rank that has the common clock teaches
// one that has not; the errors add up along the path. Ranks of one host are measured like all
// others: that they share a clock is seen, not assumed (time namespaces shift it).
// Formulas and their source: clock_model.hpp.
#pragma once

#include <cstdint>
#include <functional>

#include "harness/comm/team.hpp"
#include "harness/run/clock_model.hpp"
#include "harness/run/timing.hpp"

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
  int hops = 0;           ///< longest path from rank 0
  bool unsteady = false;  ///< a clock contradicted its past: stepped, or its rate changed
};

class CommonClock {
 public:
  using LocalClock = std::function<std::int64_t()>;

  /// Local. `team` outlives the clock. `local` is in ns and never steps back; tests shift it.
  explicit CommonClock(comm::Team& team, LocalClock local = now_ns, SyncEffort effort = {});

  /// Collective over the team, blocking. Once before the clock is read; again after each stretch
  /// of measuring: times between two synchronisations are known best, since nothing is
  /// extrapolated. Throws RunError as Team does.
  SyncReport synchronise();

  /// This rank's own clock. Local.
  std::int64_t local_ns() const { return local_(); }
  /// Local times of this rank in the common clock, now or earlier. Local.
  const ClockModel& model() const { return model_; }
  /// Now, its bound including what may have happened since the last synchronisation. Local.
  CommonTime now() const { return model_.at(local_()); }

 private:
  void teach(int learner);
  void learn(int teacher);

  comm::Team& team_;
  LocalClock local_;
  SyncEffort effort_;
  ClockModel model_;
  double path_estimate_ns_ = 0;
  int hops_ = 0;
  bool unsteady_ = false;
};

}  // namespace assay::run

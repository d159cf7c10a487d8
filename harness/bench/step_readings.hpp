// What the launches of a step read off themselves: series of a training step per iteration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/bench/harvest.hpp"
#include "harness/bench/step_arrivals.hpp"
#include "harness/bench/step_executor.hpp"
#include "harness/bench/step_groups.hpp"
#include "harness/core/local_clock.hpp"
#include "harness/core/timeline.hpp"
#include "harness/schedule/step_timeline.hpp"

namespace assay::bench {

/// Per iteration, each joined over all ranks; the first three make up T_max, to which every rank's
/// step is taken to last:
///   compute          time in which a rank computes; rank_compute is the median of each
///   exposed_<label>  communication of a label and no compute; several at once get equal parts
///   idle             neither; waiting for the last rank at the end too
///   hidden           share of communication that goes on under compute
///   straggler_index  of each rank: its rank_compute over that of the middle one
///   bubble           share of the step in which a rank waits: idle, or for those who take part in
///                    its communication; bubble_ideal is the job's, bubble_excess what is beyond it
///   comm_wait        time in which a rank communicates and not all that take part have begun;
///                    comm_transfer is the rest of its communication
/// and, of launches of each part too:
///   compute_interference, communication_interference: time in the step over time alone, of compute
///   and of transfers. A communication transfers from when all that take part in it have begun it.
class StepReadings {
 public:
  /// All but the job outlive it; `ranks` are all of the job. Local.
  StepReadings(const step::Job& job, StepExecutor& executor, const StepGroups& groups,
               comm::Team& ranks, double ideal_bubble = 0);

  /// Around each launch.
  void begin() noexcept { begin_ns_ = now_ns(); }
  void end(StepPart part = StepPart::whole) noexcept;
  /// Untimed, before the executor's next step and when the last launch is done: what it read.
  /// Local. Throws RunError.
  void keep();
  /// As Prepared::harvest(), of whole iterations: launches of each part, or of whole steps only.
  std::vector<Harvested> harvest(const ClockOfAll* clock);
  /// As Prepared::timeline(), of the last whole step that was harvested with a clock.
  RankTimeline timeline() const;

 private:
  struct Launch {
    StepPart part = StepPart::whole;
    step::Period when;
  };
  struct Parts;

  std::vector<std::int64_t> all_there(const ClockOfAll& clock) const;
  void lasts_as_long_everywhere();
  step::Breakdown breakdown_of(std::size_t launch,
                               const std::vector<std::int64_t>& all_there) const;
  void remember_last(const ClockOfAll& clock);
  std::vector<Harvested> series_of(const std::vector<Parts>& iterations,
                                   const ClockOfAll* clock) const;

  step::Job frame_;  ///< without schedules
  StepExecutor& executor_;
  comm::Team& ranks_;
  StepArrivals arrivals_;
  std::vector<std::string> labels_;
  double ideal_bubble_ = 0;
  std::size_t comparisons_ = 0;  ///< communications of the rank that has most
  std::int64_t begin_ns_ = 0;
  Launch pending_{};
  bool is_pending_ = false;
  std::vector<Launch> launches_;             ///< since the last harvest
  std::vector<std::int64_t> begins_, ends_;  ///< of their operations, one behind the other
  std::vector<step::Period> last_;           ///< by operation
};

}  // namespace assay::bench

// One round of one case on this rank: the groups of the round are measured at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/bench/benchmark.hpp"
#include "harness/result/document.hpp"
#include "harness/run/arrival.hpp"
#include "harness/run/round_time.hpp"
#include "harness/run/runner.hpp"
#include "harness/run/stopping.hpp"
#include "harness/run/timing.hpp"
#include "harness/run/turn_times.hpp"

namespace assay::run {

/// This rank's place in a round, with the team and communicator of its group; idle without a team.
struct Seat {
  std::size_t group = 0;  ///< index through all rounds of the layout
  std::unique_ptr<comm::Team> team;
  std::unique_ptr<comm::Communicator> communicator;
  comm::Connection* connection = nullptr;
  std::vector<int> ranks = {};               ///< of the group, in the world
  std::optional<StartCost> start_cost = {};  ///< of those who start together, once measured
  bool idle() const { return team == nullptr; }
};
/// Collective over the world. `connection` may be null: there is no communicator.
Seat take_seat(const Layout& layout, std::size_t round, comm::Team& world,
               comm::Connection* connection);

/// What the rounds of a case share; equal on all ranks.
struct CaseTiming {
  bool several_ranks = false;         ///< in some group: else there is nothing to synchronise
  std::optional<StartBy> start = {};  ///< of isolated iterations, chosen in the first round
  double barrier_skew_ns = 0;         ///< of that round's worst group; 0: not measured
};

/// Why a round cannot be measured, and on which ranks; no reason: it can. Equal on all ranks.
struct Refusal {
  std::string reason = {};
  result::Status status = result::Status::failed;  ///< or skipped
};

/// What one rank has to say of a round.
struct RoundReport {
  bool member = false;
  bool leader = false;  ///< first of its group: speaks for it
  std::size_t group = 0;
  int rank_in_group = 0;
  // Of every member:
  float rank_min = 0, rank_p50 = 0, rank_p99 = 0, rank_max = 0, rank_mean = 0;
  std::map<std::string, float> harvested;  ///< medians of what harvest() keeps of each rank
  VerifyReport before, after;
  // Of leaders:
  std::vector<float> warm_up, pilot, timed;             ///< T_max per iteration in seconds
  std::vector<float> t_span, t_transfer, last_arriver;  ///< of `timed`; empty where not valid
  ArrivalValidity why_absent;
  std::vector<float> late;  ///< of `timed`, 1: began late; empty where ranks start by a barrier
  std::int64_t gates_expired = 0;  ///< batches that some GPU of the group began before its end
  SeriesByName in_turn;            ///< of `timed`: what Prepared::turns() and harvest() name
  /// Series of harvest() that are absent → reason.
  std::map<std::string, std::string> without;
  Work work;
  comm::LaunchInfo launch;
  std::map<std::string, std::string> notes;
};

/// Why what compares moments of several ranks is absent where GPUs tell them.
inline const std::string no_clock_of_gpus = "events of several GPUs share no clock";

/// What rank 0 knows of a round besides the reports.
struct RoundSummary {
  std::vector<RoundReport> reports;     ///< by world rank
  std::vector<RankTimeline> timelines;  ///< of those that keep one, see timelines_every()
  std::int64_t block_length = 0;
  std::int64_t blocks_dropped = 0;
  stats::Settling settling = stats::Settling::unknown;
};

class Round {
 public:
  struct Inputs {
    const Case& spec;
    const Rig& rig;
    const RunSettings& settings;
    CaseTiming& timing;
    std::uint16_t case_index = 0;
    /// Of what goes on beside; every rank of the world has one, and all begin together. Or null.
    Seat* companion = nullptr;
  };
  Round(const Inputs& inputs, Seat& seat);

  /// Collective.
  Refusal prepare(const bench::Benchmark& benchmark, std::uint64_t seed);
  /// Collective. The summary is complete on rank 0 only.
  RoundSummary measure();

 private:
  /// Null where the host's clock times the case.
  static device::Stopwatch* stopwatch_for(const Inputs& inputs, device::Device& device);
  struct ChunkCall {
    std::int64_t iterations = 1;
    Phase phase = Phase::timed;
    bool last = false;  ///< its final launch is the one whose output is verified
  };
  struct Chunk {
    std::vector<float> t_max_s;  ///< of this group, in order; leaders only
    double elapsed_s = 0;        ///< this rank's wall time
  };
  /// Runs `iterations` on all groups at once. In phase timed this rank's own durations and, on
  /// leaders, the group's arrivals are kept.
  Chunk run_chunk(ChunkCall call);
  /// The same in chunks of about half a second, so that nothing waits long for a decision.
  Chunk run_chunks(ChunkCall call);
  std::uint64_t rotation_bytes() const;
  bench::Companion companion_of(int rank) const;
  /// Who starts every launch together: the group, or all ranks where something goes on beside it.
  comm::Team& starters() const { return companion_ == nullptr ? *seat_.team : rig_.world; }
  std::optional<StartCost>& start_cost() const {
    return companion_ == nullptr ? seat_.start_cost : companion_->start_cost;
  }
  /// The group's T_max of the iterations just run, in nanoseconds.
  std::vector<double> combine_chunk(Phase phase);
  bool on_device() const { return stopwatch_ != nullptr; }
  void time_chunk(ChunkCall call);
  /// The same, but that the readings are of a clock that stood at 0 when the launch began.
  void time_chunk_on_device(ChunkCall call);
  void note_wall();
  /// What the GPUs of the group say of how they timed it.
  void note_gates();
  /// Leaves the readings of the operation itself, and keeps what the turns before it took.
  void sort_out_turns(Phase phase);
  /// What the benchmark read off itself in the chunk.
  void harvest(ChunkCall call);
  /// This rank's medians; on leaders, leaves what needs a better clock than there is.
  void finish_harvest();
  /// Collective over the world; on rank 0.
  std::vector<RankTimeline> gather_timelines();
  void note_late();
  GroupTimes gather_groups(const std::vector<float>& mine);
  template <class F>
  auto decide(F on_rank_0) {
    decltype(on_rank_0()) value{};
    if (rig_.world.rank() == 0) value = on_rank_0();
    return comm::broadcast_value(rig_.world, value);
  }

  VerifyReport verify(Moment moment);
  /// Collective: what the first rank says that cannot go on, for all; failed unless all that cannot
  /// have `status` skipped.
  Refusal agree(const std::string& reason, result::Status status);
  void let_go();
  void warm_up();
  bool starts_by_time() const;
  /// How isolated iterations start from now on: by what the warm-up took.
  void choose_start();
  void refresh_clock();
  /// Late iterations stay, but as many are added, where time is left.
  void make_up_for_late(const TimedPlan& plan, double left_s);
  std::map<std::string, std::string> start_notes() const;
  void report_arrivals();
  stats::Settling run_pilot();
  /// `iterations`, or as many of them as fit into `left_s`; at least one unless it is 0.
  std::int64_t more(std::int64_t iterations, double left_s) const;
  TimedPlan run_timed();
  void run_open_ended();
  void summarise_rank();
  RoundSummary collect(const TimedPlan& plan, stats::Settling settling);

  const Case& spec_;
  const Rig& rig_;
  const RunSettings& settings_;
  device::Device& device_;         ///< where the case's buffers are
  device::Stopwatch* stopwatch_;   ///< as stopwatch_for() has it
  std::size_t gates_expired_ = 0;  ///< before this round
  Seat& seat_;
  Seat* companion_;
  std::optional<bench::Context> context_;
  std::unique_ptr<bench::Prepared> prepared_;
  bench::Turns turns_;
  CaseTiming& timing_;
  std::vector<std::int64_t> begin_ns_, end_ns_;  ///< of the chunk, this rank's own clock
  std::vector<double> device_s_, wall_s_;        ///< of the chunk, where a device times itself
  std::vector<std::uint8_t> late_;               ///< of the chunk, on this rank
  std::vector<std::int64_t> durations_ns_;       ///< of the timed loop so far, this rank's own
  GroupArrivals arrivals_;                       ///< the same of the group, on leaders
  struct Own {
    std::vector<double> values;
    std::string over_middle;  ///< as Harvested has it
  };
  std::map<std::string, Own> own_;                  ///< what harvest() keeps of each rank
  std::map<std::string, std::size_t> comparisons_;  ///< as Harvested has it, by series
  std::int64_t late_so_far_ = 0;                    ///< timed iterations that some rank began late
  std::int64_t epoch_ns_ = 0;                       ///< of the common clock, agreed on
  bool lost_time_ = false;  ///< the clock became unknown: barriers since then
  RoundReport report_;
  double iteration_s_ = 1e-6;  ///< rank 0's estimate
  std::uint16_t case_index_ = 0;
};

}  // namespace assay::run

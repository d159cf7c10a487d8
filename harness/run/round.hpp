// One round of one case on this rank: the groups of the round are measured at once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/bench/benchmark.hpp"
#include "harness/run/runner.hpp"
#include "harness/run/stopping.hpp"

namespace assay::run {

/// This rank's place in a round, with the team and communicator of its group; idle without a team.
struct Seat {
  std::size_t group = 0;  ///< index through all rounds of the layout
  std::unique_ptr<comm::Team> team;
  std::unique_ptr<comm::Communicator> communicator;
  bool idle() const { return team == nullptr; }
};
/// Collective over the world. `backend` may be null: no communicator is opened.
Seat take_seat(const Layout& layout, std::size_t round, comm::Team& world,
               const comm::Backend* backend);

/// What one rank has to say of a round.
struct RoundReport {
  bool member = false;
  bool leader = false;  ///< first of its group: speaks for it
  std::size_t group = 0;
  int rank_in_group = 0;
  // Of every member:
  float rank_min = 0, rank_p50 = 0, rank_p99 = 0, rank_max = 0, rank_mean = 0;
  VerifyReport before, after;
  // Of leaders:
  std::vector<float> warm_up, pilot, timed;           ///< T_max per iteration in seconds
  std::map<std::string, std::vector<float>> in_turn;  ///< timed: other series of Prepared::turns()
  Work work;
  comm::LaunchInfo launch;
  std::map<std::string, std::string> notes;
};

/// What rank 0 knows of a round besides the reports.
struct RoundSummary {
  std::vector<RoundReport> reports;  ///< by world rank
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
    std::uint16_t case_index = 0;
    /// Of what goes on beside; every rank of the world has one, and all begin together. Or null.
    const Seat* companion = nullptr;
  };
  Round(const Inputs& inputs, Seat& seat);

  /// Collective. Returns why this round cannot be measured, and on which ranks; empty: it can.
  /// Equal on all ranks.
  std::string prepare(const bench::Benchmark& benchmark, std::uint64_t seed);
  /// Collective. The summary is complete on rank 0 only.
  RoundSummary measure();

 private:
  struct ChunkCall {
    std::int64_t iterations = 1;
    Phase phase = Phase::timed;
    bool last = false;  ///< its final launch is the one whose output is verified
  };
  struct Chunk {
    std::vector<float> t_max_s;  ///< of this group, in order; leaders only
    double elapsed_s = 0;        ///< this rank's wall time
  };
  /// Runs `iterations` on all groups at once. This rank's own durations are kept in phase timed.
  Chunk run_chunk(ChunkCall call);
  /// The same in chunks of about half a second, so that nothing waits long for a decision.
  Chunk run_chunks(ChunkCall call);
  bench::Companion companion_of(int rank) const;
  GroupTimes gather_groups(const std::vector<float>& mine);
  template <class F>
  auto decide(F on_rank_0);

  VerifyReport verify(Moment moment);
  void warm_up();
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
  Seat& seat_;
  const Seat* companion_;
  std::optional<bench::Context> context_;
  std::unique_ptr<bench::Prepared> prepared_;
  bench::Turns turns_;
  std::vector<std::int64_t> durations_ns_;  ///< launches of the timed loop so far, this rank's own
  RoundReport report_;
  double iteration_s_ = 1e-6;  ///< rank 0's estimate
  std::uint16_t case_index_ = 0;
};

}  // namespace assay::run

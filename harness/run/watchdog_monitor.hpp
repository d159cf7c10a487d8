// What a monitor knows about every rank, and when that amounts to an incident. Pure: times are
// arguments, in seconds of any steady clock.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/run/incident.hpp"
#include "harness/run/progress.hpp"

namespace assay::run {

/// Longest time without a change of the progress word, per kind of phase.
struct Deadlines {
  double start_up_s = 120;
  double operation_s = 60;  ///< verify, warm_up, pilot, timed: one operation at most this long
  double control_s = 60;    ///< prepare, control-plane calls
  double tear_down_s = 30;
  double heartbeat_s = 5;  ///< a rank unheard for this long is missing
};

/// The deadline of `phase`; infinite once finished.
double deadline_s(const Deadlines& deadlines, Phase phase);

/// The rank that watches besides rank 0: the lowest on another host than rank 0's (a name ends at
/// its first blank), else rank 1; nullopt for a run of one.
std::optional<int> deputy_of(std::span<const std::string> host_names);

struct MonitorOptions {
  int rank = 0;  ///< the monitor's own
  Deadlines deadlines;
  std::vector<std::string> host_names;  ///< by world rank
  double interval_s = 0.25;             ///< between heartbeats
};

class Monitor {
 public:
  Monitor(MonitorOptions options, double now_s);

  /// A heartbeat: `unchanged_s` is how long the rank's progress word has been what it is.
  void heard(int rank, Position position, double unchanged_s, double now_s);
  /// The connection ended. After left() that is expected.
  void closed(int rank);
  /// A goodbye: expects nothing of `rank` any more.
  void left(int rank);
  /// A rank says why it ends: `kind` is signal or failed. The first report counts.
  void reported(Incident report);
  /// The monitor itself did not run for a while: nobody is blamed for the silence.
  void renew(double now_s);

  /// An incident once it is certain: a moment is left for further connections to close, so that a
  /// lost host is named whole; the deputy leaves rank 0 more than that while it hears from it.
  std::optional<Incident> check(double now_s, std::span<const std::string> case_labels);
  /// Something is wrong but not yet certain: check() again within 20 ms.
  bool pending() const { return pending_since_.has_value(); }

 private:
  enum class State { awaited, present, closed, left };
  struct Member {
    State state = State::awaited;
    Position position{no_case, Phase::start_up, false, 0};
    double heard_s = 0;
    double unchanged_s = 0;  ///< as of heard_s
  };
  struct Finding {
    Incident::Kind kind = Incident::Kind::stuck;
    std::vector<int> ranks;
  };

  std::optional<Finding> find(double now_s) const;
  std::vector<int> closed_ranks() const;
  std::vector<int> silent_ranks(double now_s) const;
  std::vector<int> stuck_ranks(double now_s) const;
  double age_s(const Member& member, double now_s) const;
  double settle_s(const Finding& finding, double now_s) const;
  std::string sentence(const Finding& finding, double now_s,
                       std::span<const std::string> case_labels) const;
  std::string last_seen(const std::vector<int>& ranks,
                        std::span<const std::string> case_labels) const;

  MonitorOptions options_;
  std::vector<Member> members_;
  std::optional<Incident> report_;
  std::optional<double> pending_since_;
};

/// "rank 5 on host n1", "ranks 4-7 on host n1 and rank 9 on host n2"; beyond four hosts the rest
/// is counted.
std::string name_ranks(const std::vector<int>& ranks, std::span<const std::string> host_names);

}  // namespace assay::run

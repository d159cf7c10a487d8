// The watchdog: a thread per rank that never calls MPI. Notices a stopped, lost or stuck rank
// (rank 0 too, inside an operation too) and a signal, and ends the run with what was measured.
//
// Watchdogs exchange heartbeats over TCP: every rank keeps a connection to two monitors (rank 0 and
// a deputy, on another host where there is one) and sends its progress word several times a second.
// The timed path carries nothing. Whatever does not carry the run's token is dropped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/comm/team.hpp"
#include "harness/run/incident.hpp"
#include "harness/run/progress.hpp"
#include "harness/run/watchdog_monitor.hpp"

namespace assay::run {

struct WatchdogOptions {
  Deadlines deadlines;
  std::vector<std::string> host_names;   ///< by world rank
  std::vector<std::string> case_labels;  ///< by case index; may be set later
  std::string log_folder;  ///< where `rank-N.log` goes when an incident ends the run; empty: cwd
};

/// Collective over `world` at construction (addresses and tokens are exchanged through it) and when
/// stop() is called; everything else is local. SIGTERM, SIGINT and SIGCONT are handled from
/// construction on (a launcher's SIGCONT after a rank died announces the end). One per process.
///
/// Who says what: rank 0 ends the run if it can, else the deputy, else (both gone) the lowest other
/// rank. That rank speaks; the others leave when it has left, or after 1.5 s. A rank that was
/// itself stopped for longer than the heartbeat limit never speaks.
class Watchdog {
 public:
  /// `on_incident` runs on the watchdog's own thread, on every rank that learns of the incident,
  /// at most once, after this rank's last position was appended to `rank-N.log`; it writes what
  /// must be written, and aborts last what others may wait for. Then, after 2 s at the latest, the
  /// process leaves with exit code 12 (std::_Exit). `speak` is true on exactly one live rank: the
  /// one that tells the user.
  using OnIncident = std::function<void(const Incident&, bool speak)>;

  /// `progress` must outlive the watchdog, `world` its stop(). Throws the same RunError on every
  /// rank when a monitor cannot be reached. A rank that does not come at all ends the process after
  /// `start_up_s` with a sentence and exit code 12. (For MPI_Init and MPI_Finalize: Deadline.)
  Watchdog(comm::Team& world, Progress& progress, WatchdogOptions options, OnIncident on_incident);
  /// Local: ends the thread without an incident on this rank. Without a stop() before (an
  /// exception passes), the other ranks are told that this one left because of an error.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// Names of the cases ("c004 (all_reduce 1 MiB fp32 sum world)"), known once the plan is. Local.
  void set_case_labels(std::vector<std::string> labels);

  /// Local. Call before appending to the journal: returns at once on a rank that is well. A rank
  /// that was stopped and goes on waits here until its watchdog has seen whether the run has
  /// ended meanwhile, in which case the process leaves and this never returns.
  void await_clearance() const;

  /// Ends the run on all ranks with `sentence` ("rank 3 on host n1: …") as the incident, exit code
  /// 12, on_incident included. Local, for a rank that cannot go on.
  [[noreturn]] void announce_failure(std::string sentence);

  /// Normal end: the other ranks' leaving is expected from now on. Enters Phase::tear_down.
  /// Collective over the team given at construction.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::run

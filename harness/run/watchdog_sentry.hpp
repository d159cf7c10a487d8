// The watchdog's thread on one rank: beats, listens, and ends the process when there is reason to.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/run/heartbeat_switchboard.hpp"
#include "harness/run/incident.hpp"
#include "harness/run/progress.hpp"
#include "harness/run/signal_pipe.hpp"
#include "harness/run/watchdog_monitor.hpp"

namespace assay::run {

struct SentryOptions {
  Deadlines deadlines;
  std::vector<std::string> host_names;
  std::vector<std::string> case_labels;
  std::string log_folder;
  std::function<void(const Incident&, bool speak)> on_incident;
};

class Sentry {
 public:
  enum class Request {
    none,
    stop,     ///< normal end
    abandon,  ///< end the thread here, tell the others that this rank gave up
    fail,     ///< end the run
  };

  Sentry(SentryOptions options, Wiring wiring, const Progress& progress);

  /// The thread's body: until stop or abandon. An incident ends the process instead.
  void run();

  /// From any thread. `sentence` goes with abandon and fail.
  void request(Request request, std::string sentence);
  void set_case_labels(std::vector<std::string> labels);
  /// When run() last knew of no incident, on steady_now_s()'s clock.
  double clear_s() const noexcept { return clear_s_.load(std::memory_order_acquire); }

 private:
  using Arrivals = std::vector<Switchboard::Arrival>;

  double wait_limit_s() const;
  void notice_stall(double now_s);
  void handle_signals(double now_s);
  bool handle_request();  ///< false: the thread ends
  void handle(const Arrivals& arrivals, double now_s);
  void handle(int rank, const Frame& frame, double now_s);
  void beat(double now_s);
  void report(Incident::Kind kind, std::string sentence);
  void decide(double now_s);
  std::optional<Incident> decide_alone(double now_s);
  std::optional<Incident> find_monitors_gone(double now_s);
  std::optional<Incident> find_monitors_silent(double now_s);

  std::vector<std::string> labels() const;
  std::vector<int> other_monitors() const;
  bool is_monitor(int rank) const { return rank == 0 || deputy_ == rank; }
  Frame frame(Frame::Kind kind, const Incident& incident = {}) const;
  std::string here() const;
  std::string own_position() const;
  [[noreturn]] void lead_out(const Incident& incident, bool speak);
  [[noreturn]] void follow_out(const Incident& incident, int leader);
  void write_down(const Incident& incident, bool speak);

  const SentryOptions options_;
  const int rank_;
  const std::optional<int> deputy_;
  const double interval_s_;
  const Progress& progress_;
  SignalPipe signals_;
  Descriptor wake_;
  std::optional<Monitor> monitor_;
  Switchboard switchboard_;

  mutable std::mutex mutex_;  // guards the next three
  std::vector<std::string> labels_;
  Request request_ = Request::none;
  std::string request_sentence_;
  std::atomic<double> clear_s_;

  double round_s_, beat_s_;  // the last round, the last heartbeat
  std::uint64_t word_ = 0;   // the progress word, and since when
  double word_since_s_;
  double gap_s_ = 0;              // between the last two rounds
  std::optional<double> hint_s_;  // the launcher's SIGCONT
  double stall_s_ = 0;
  double silent_until_s_ = 0;       // was stopped itself: must not speak
  double answered_s_;               // a monitor last answered, or did not need to
  std::set<int> left_;              // monitors that said goodbye
  std::optional<Incident> report_;  // this rank's own, and since when
  double report_s_ = 0;
  std::optional<double> orphan_since_s_;
};

}  // namespace assay::run

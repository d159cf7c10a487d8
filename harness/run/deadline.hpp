// A local time limit on one step: for what the watchdog cannot cover because no team exists yet or
// any more (MPI start-up and teardown), and for steps that must not hold up an exit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace assay::run {

/// Runs its action on a thread of its own if it is still alive after `limit_s`. Local; needs no
/// MPI and calls none.
///
///   std::optional<Deadline> limit(std::in_place, 120, leave_incomplete("rank 3 on host n1: …"));
///   auto session = comm::open_session();
///   limit.reset();
class Deadline {
 public:
  using Action = std::function<void()>;
  /// Throws std::system_error when no thread can be made.
  Deadline(double limit_s, Action action);
  /// Cancels; waits for an action that has begun.
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  /// `limit_s` from now on; the action may change too (the next step has another name).
  void restart(double limit_s, Action action);

 private:
  using Clock = std::chrono::steady_clock;
  void wait();

  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point due_;
  Action action_;
  bool cancelled_ = false;
  std::thread thread_;
};

/// The action that prints `sentence` to stderr as one line (nothing if it is empty: let one rank
/// speak) and leaves the process with exit code 12, without destructors or MPI.
Deadline::Action leave_incomplete(std::string sentence);

}  // namespace assay::run

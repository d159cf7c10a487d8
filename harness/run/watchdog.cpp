#include "harness/run/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <thread>
#include <utility>

#include "harness/core/error.hpp"
#include "harness/core/exit_code.hpp"
#include "harness/run/deadline.hpp"
#include "harness/run/watchdog_clock.hpp"
#include "harness/run/watchdog_rendezvous.hpp"
#include "harness/run/watchdog_sentry.hpp"

namespace assay::run {
namespace {

constexpr double connect_limit_s = 30;

/// Nobody watches yet while the watchdogs meet. One rank after the other would say so: the first
/// one's leaving makes the launcher end the rest.
class MeetingLimit {
 public:
  MeetingLimit(int rank, const std::string& where, double limit_s)
      : deadline_(limit_s + 2.0 * std::min(rank, 2),
                  leave_incomplete(fmt::format(
                      "{}: start-up has taken {:.0f} s; at least one other rank has not joined the "
                      "watchdog: look for a stopped process or an unreachable host",
                      where, limit_s))) {}

 private:
  Deadline deadline_;
};

Wiring wire(Meeting& meeting) {
  Wiring wiring;
  wiring.rank = meeting.rank;
  wiring.size = static_cast<int>(meeting.host_names.size());
  wiring.deputy = meeting.deputy;
  wiring.tokens = meeting.tokens;
  wiring.listener = std::move(meeting.listener);
  return wiring;
}

/// Connects to the monitors above this rank; returns why that failed, or nothing.
std::string connect(const Meeting& meeting, Wiring& wiring, double limit_s) {
  try {
    if (wiring.rank != 0) wiring.monitors.emplace(0, connect_to_monitor(meeting, 0, limit_s));
    if (wiring.rank != 0 && wiring.deputy && wiring.rank != *wiring.deputy)
      wiring.monitors.emplace(*wiring.deputy, connect_to_monitor(meeting, *wiring.deputy, limit_s));
    return {};
  } catch (const RunError& error) {
    return error.what();
  }
}

/// The lowest rank's error becomes everyone's. Collective.
void agree_on_error(comm::Team& world, const std::string& mine) {
  const auto errors = comm::gather_text(world, mine);
  const auto first =
      std::find_if(errors.begin(), errors.end(), [](const auto& error) { return !error.empty(); });
  const std::string error =
      comm::broadcast_text(world, first == errors.end() ? std::string() : *first);
  if (!error.empty()) throw RunError({{}, error, {}});
}

}  // namespace

struct Watchdog::Impl {
  comm::Team& world;
  Progress& progress;
  double heartbeat_s;
  std::string where;
  std::optional<Sentry> sentry;
  std::thread thread;
  bool stopped = false;

  void end(Sentry::Request request, std::string sentence) {
    if (!thread.joinable()) return;
    sentry->request(request, std::move(sentence));
    thread.join();
  }
  /// The rest of a constructor that throws: everyone throws then, nobody is to be told.
  ~Impl() { end(Sentry::Request::stop, {}); }
};

Watchdog::Watchdog(comm::Team& world, Progress& progress, WatchdogOptions options,
                   OnIncident on_incident)
    : impl_(new Impl{world, progress, options.deadlines.heartbeat_s, {}, {}, {}}) {
  invariant(options.host_names.size() == static_cast<std::size_t>(world.size()),
            "the watchdog needs one host name per rank");
  impl_->where = fmt::format("rank {} on host {}", world.rank(),
                             options.host_names[static_cast<std::size_t>(world.rank())]);
  const MeetingLimit meeting_limit(world.rank(), impl_->where, options.deadlines.start_up_s);
  Meeting meeting = meet(world, options.host_names);
  Wiring wiring = wire(meeting);
  const double limit_s = std::min(options.deadlines.start_up_s, connect_limit_s);
  const std::string error = connect(meeting, wiring, limit_s);
  impl_->sentry.emplace(SentryOptions{options.deadlines, std::move(options.host_names),
                                      std::move(options.case_labels), std::move(options.log_folder),
                                      std::move(on_incident)},
                        std::move(wiring), progress);
  impl_->thread = std::thread([sentry = &*impl_->sentry] { sentry->run(); });
  agree_on_error(world, error);
}

Watchdog::~Watchdog() {
  impl_->end(Sentry::Request::abandon,
             impl_->where + " left the run because of an error; see its own message");
}

void Watchdog::set_case_labels(std::vector<std::string> labels) {
  impl_->sentry->set_case_labels(std::move(labels));
}

void Watchdog::await_clearance() const {
  while (!impl_->stopped && steady_now_s() - impl_->sentry->clear_s() > impl_->heartbeat_s / 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

void Watchdog::announce_failure(std::string sentence) {
  impl_->sentry->request(Sentry::Request::fail, std::move(sentence));
  // The thread ends the process; should it be unable to, so does this.
  std::this_thread::sleep_for(std::chrono::seconds(8));
  std::_Exit(static_cast<int>(ExitCode::incomplete));
}

void Watchdog::stop() {
  impl_->progress.enter_phase(impl_->progress.load().case_index, Phase::tear_down);
  impl_->world.barrier();
  impl_->end(Sentry::Request::stop, {});
  impl_->stopped = true;
}

}  // namespace assay::run

// How a run ends early: who decides, who speaks, what is written before leaving.
#include <fmt/format.h>

#include <cstdlib>
#include <limits>

#include "harness/core/exit_code.hpp"
#include "harness/run/deadline.hpp"
#include "harness/run/rank_log.hpp"
#include "harness/run/watchdog_clock.hpp"
#include "harness/run/watchdog_sentry.hpp"

namespace assay::run {
namespace {

/// What is written down at the end must be written by then.
constexpr double write_limit_s = 2;
/// Others leave this long after the one that speaks began, should they not see it leave.
constexpr double follow_limit_s = 1.5;
/// Monitors answer a report by ending the run; both silent this long means both gone.
constexpr double report_limit_s = 1.5, orphan_limit_s = 0.5;
/// What ranks that do not speak add to those, for the one that does.
constexpr double others_wait_s = 0.75;
/// For what the kernel does not take at once.
constexpr double drain_limit_s = 0.2;

}  // namespace

void Sentry::decide(double now_s) {
  std::optional<Incident> incident;
  // Where no monitor can, the lowest rank that is none speaks, and is left the time to.
  const bool speaker = monitor_ || rank_ == (deputy_ == 1 ? 2 : 1);
  if (monitor_)
    incident = monitor_->check(now_s, labels());
  else
    incident = decide_alone(now_s - (speaker ? 0 : others_wait_s));
  if (!incident) return;
  const bool silent = now_s < silent_until_s_;
  if (silent)
    incident->sentence =
        fmt::format("{} was stopped for {:.1f} s, and the run ended meanwhile", here(), stall_s_);
  lead_out(*incident, speaker && !silent);
}

std::optional<Incident> Sentry::decide_alone(double now_s) {
  if (report_ && now_s - report_s_ > report_limit_s) return report_;
  if (auto incident = find_monitors_gone(now_s)) return incident;
  return find_monitors_silent(now_s);
}

std::optional<Incident> Sentry::find_monitors_gone(double now_s) {
  const auto gone = other_monitors();
  if (gone.empty() || switchboard_.monitors_left() > 0) {
    orphan_since_s_.reset();
    return std::nullopt;
  }
  if (!orphan_since_s_) orphan_since_s_ = steady_now_s();
  if (now_s - *orphan_since_s_ < orphan_limit_s) return std::nullopt;
  return Incident{Incident::Kind::lost, gone,
                  fmt::format("{} {} gone (the connection closed without a goodbye) while {} was "
                              "in {}",
                              name_ranks(gone, options_.host_names),
                              gone.size() == 1 ? "is" : "are", here(), own_position())};
}

std::optional<Incident> Sentry::find_monitors_silent(double now_s) {
  const auto silent = other_monitors();
  const double silent_s = now_s - answered_s_;
  if (silent.empty() || silent_s <= options_.deadlines.heartbeat_s) return std::nullopt;
  return Incident{
      Incident::Kind::stopped, silent,
      fmt::format("{} {} not answered for {:.1f} s while {} was in {}",
                  name_ranks(silent, options_.host_names), silent.size() == 1 ? "has" : "have",
                  silent_s, here(), own_position())};
}

std::vector<int> Sentry::other_monitors() const {
  std::vector<int> ranks;
  if (rank_ != 0 && !left_.contains(0)) ranks.push_back(0);
  if (deputy_ && *deputy_ != rank_ && !left_.contains(*deputy_)) ranks.push_back(*deputy_);
  return ranks;
}

void Sentry::lead_out(const Incident& incident, bool speak) {
  // A rank that was stopped itself goes quietly: the others have their own news.
  if (steady_now_s() >= silent_until_s_)
    switchboard_.tell_all(frame(Frame::Kind::incident, incident));
  switchboard_.drain(drain_limit_s);
  write_down(incident, speak);
  std::_Exit(static_cast<int>(ExitCode::incomplete));
}

void Sentry::follow_out(const Incident& incident, int leader) {
  const double end_s = steady_now_s() + follow_limit_s;
  write_down(incident, false);
  // The launcher kills everyone soon after the first one leaves: let the leader finish speaking.
  switchboard_.await_end(leader, end_s - steady_now_s());
  std::_Exit(static_cast<int>(ExitCode::incomplete));
}

void Sentry::write_down(const Incident& incident, bool speak) {
  // Whoever asks for clearance from now on waits for the exit.
  clear_s_.store(-std::numeric_limits<double>::infinity(), std::memory_order_release);
  // A file system that hangs, or the callback, must not keep the rank from leaving.
  std::optional<Deadline> limit;
  try {
    limit.emplace(write_limit_s, leave_incomplete({}));
    append_rank_log(options_.log_folder,
                    {.rank = rank_,
                     .host = options_.host_names[static_cast<std::size_t>(rank_)],
                     .incident = incident,
                     .position = own_position()});
    if (options_.on_incident) options_.on_incident(incident, speak);
  } catch (...) {
    // Nothing is left to tell it to.
  }
}

}  // namespace assay::run

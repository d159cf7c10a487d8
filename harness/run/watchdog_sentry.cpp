#include "harness/run/watchdog_sentry.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "harness/run/watchdog_clock.hpp"

namespace assay::run {
namespace {

/// For so long after it was stopped itself, a rank keeps its news to itself.
constexpr double silence_s = 2;
constexpr double goodbye_limit_s = 0.2;
/// Between a launcher's SIGCONT and taking it for the end: Open MPI sends SIGTERM a second later.
constexpr double hint_limit_s = 0.4;
/// A round that comes later than this after its time may have been delayed by a stop.
constexpr double awake_slack_s = 0.1;
/// Between rounds while something is wrong but not yet certain.
constexpr double pending_check_s = 0.02;

/// Four per second, fewer where a monitor hears thousands, several within the limit.
double heartbeat_interval_s(const Deadlines& deadlines, std::size_t ranks) {
  const double by_size = 0.25 * std::max(1.0, static_cast<double>(ranks) / 2048);
  return std::clamp(by_size, 0.01, std::max(0.01, deadlines.heartbeat_s / 4));
}

std::optional<Monitor> make_monitor(const SentryOptions& options, const Wiring& wiring,
                                    double interval_s) {
  if (!wiring.is_monitor()) return std::nullopt;
  return Monitor({wiring.rank, options.deadlines, options.host_names, interval_s}, steady_now_s());
}

}  // namespace

Sentry::Sentry(SentryOptions options, Wiring wiring, const Progress& progress)
    : options_(std::move(options)),
      rank_(wiring.rank),
      deputy_(wiring.deputy),
      interval_s_(heartbeat_interval_s(options_.deadlines, options_.host_names.size())),
      progress_(progress),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      monitor_(make_monitor(options_, wiring, interval_s_)),
      switchboard_(std::move(wiring)),
      labels_(options_.case_labels),
      clear_s_(steady_now_s()),
      round_s_(steady_now_s()),
      beat_s_(0),
      word_since_s_(round_s_),
      answered_s_(round_s_) {}

void Sentry::run() {
  bool goes_on = true;
  while (goes_on) {
    switchboard_.wait(wait_limit_s(), {signals_.fd(), wake_.get()});
    const double now_s = steady_now_s();
    notice_stall(now_s);
    const bool due = now_s - beat_s_ >= interval_s_;
    handle(due ? switchboard_.sweep(now_s) : switchboard_.take(now_s), now_s);
    handle_signals(now_s);
    if (due) beat(now_s);
    decide(now_s);
    goes_on = handle_request();
    round_s_ = steady_now_s();
    clear_s_.store(round_s_, std::memory_order_release);
  }
}

double Sentry::wait_limit_s() const {
  const double to_beat_s = std::max(0.0, beat_s_ + interval_s_ - steady_now_s());
  const bool pending = (monitor_ && monitor_->pending()) || report_ || hint_s_ || orphan_since_s_;
  return pending ? std::min(pending_check_s, to_beat_s) : to_beat_s;
}

void Sentry::notice_stall(double now_s) {
  const double gap_s = gap_s_ = now_s - round_s_;
  if (gap_s < options_.deadlines.heartbeat_s / 2) return;
  // Time that this process did not run says nothing about others, nor about its own progress.
  if (monitor_) monitor_->renew(now_s);
  word_since_s_ += gap_s;
  answered_s_ = now_s;
  // Stopped for so long that the others may have ended the run: whatever is found now was caused
  // by that, and is theirs to tell.
  if (gap_s <= options_.deadlines.heartbeat_s || !deputy_) return;
  silent_until_s_ = now_s + silence_s;
  stall_s_ = gap_s;
}

void Sentry::handle_signals(double now_s) {
  for (const auto& [number, sender] : signals_.take()) {
    if (report_) return;
    if (number != SIGCONT)
      report(Incident::Kind::signal,
             fmt::format("{} received {} in {}", here(), signal_name(number), own_position()));
    else if (sender == ::getppid() && gap_s_ < interval_s_ + awake_slack_s)
      hint_s_ = now_s;
  }
  // Whoever was stopped is merely continued. A launcher that continues a process which runs is
  // about to end the run; if a death was the reason, its connection tells more.
  if (report_ || !hint_s_ || now_s - *hint_s_ < hint_limit_s) return;
  report(Incident::Kind::signal,
         fmt::format("the launcher ends the run (Ctrl-C, SIGTERM or a limit of its own) while {} "
                     "was in {}",
                     here(), own_position()));
}

bool Sentry::handle_request() {
  std::uint64_t count = 0;
  while (::read(wake_.get(), &count, sizeof count) > 0) {
  }
  Request request = Request::none;
  std::string sentence;
  {
    const std::lock_guard lock(mutex_);
    request = std::exchange(request_, Request::none);
    sentence = request_sentence_;
  }
  if (request == Request::none) return true;
  if (request == Request::fail) {
    report(Incident::Kind::failed, sentence);
    return true;
  }
  if (request == Request::stop) {
    switchboard_.tell_all(frame(Frame::Kind::goodbye));
  } else {
    const Incident failure{Incident::Kind::failed, {rank_}, sentence};
    switchboard_.tell_monitors(frame(Frame::Kind::report, failure));
    switchboard_.finish_with_monitors();
  }
  switchboard_.drain(goodbye_limit_s);
  return false;
}

void Sentry::report(Incident::Kind kind, std::string sentence) {
  report_ = Incident{kind, {rank_}, std::move(sentence)};
  report_s_ = steady_now_s();
  if (monitor_) monitor_->reported(*report_);
  if (rank_ == 0) return;  // decides itself
  switchboard_.tell_monitors(frame(Frame::Kind::report, *report_));
  switchboard_.finish_with_monitors();
}

void Sentry::handle(const Arrivals& arrivals, double now_s) {
  for (const auto& [rank, message, ended] : arrivals) {
    if (message) {
      handle(rank, *message, now_s);
    } else if (ended) {
      if (monitor_) monitor_->closed(rank);
    } else if (monitor_) {
      monitor_->heard(rank, Position{no_case, Phase::start_up, false, 0}, 0, now_s);
    }
  }
}

void Sentry::handle(int rank, const Frame& message, double now_s) {
  switch (message.kind) {
    case Frame::Kind::heartbeat:
      if (monitor_)
        monitor_->heard(rank, Progress::unpack(message.word), message.unchanged_s, now_s);
      break;
    case Frame::Kind::goodbye:
      if (monitor_) monitor_->left(rank);
      if (is_monitor(rank)) left_.insert(rank);
      break;
    case Frame::Kind::ask:
      switchboard_.tell(rank, frame(Frame::Kind::answer));
      break;
    case Frame::Kind::answer:
      answered_s_ = now_s;
      break;
    case Frame::Kind::report:
      // The sender is who the connection says, whatever the frame does.
      if (monitor_) monitor_->reported({message.incident.kind, {rank}, message.incident.sentence});
      break;
    case Frame::Kind::incident:
      // From whoever: a rank that found both monitors silent tells them too.
      follow_out(message.incident, rank);
      break;
    default:
      break;
  }
}

void Sentry::beat(double now_s) {
  beat_s_ = now_s;
  const std::uint64_t word = progress_.word();
  if (word != std::exchange(word_, word)) word_since_s_ = now_s;
  Frame pulse = frame(Frame::Kind::heartbeat);
  pulse.word = word;
  pulse.unchanged_s = now_s - word_since_s_;
  if (!report_) switchboard_.tell_monitors(pulse);
  if (monitor_) monitor_->heard(rank_, Progress::unpack(word), pulse.unchanged_s, now_s);
  // Only a rank that is overdue cares whether its monitors are awake.
  const double limit_s = deadline_s(options_.deadlines, Progress::unpack(word).phase);
  if (!monitor_ && pulse.unchanged_s > limit_s) {
    switchboard_.tell_monitors(frame(Frame::Kind::ask));
  } else {
    answered_s_ = now_s;
  }
}

void Sentry::request(Request request, std::string sentence) {
  {
    const std::lock_guard lock(mutex_);
    request_ = request;
    request_sentence_ = std::move(sentence);
  }
  const std::uint64_t one = 1;
  // Fails only if the counter is full: then it is readable anyway.
  if (::write(wake_.get(), &one, sizeof one) < 0) return;
}

void Sentry::set_case_labels(std::vector<std::string> labels) {
  const std::lock_guard lock(mutex_);
  labels_ = std::move(labels);
}

std::vector<std::string> Sentry::labels() const {
  const std::lock_guard lock(mutex_);
  return labels_;
}

Frame Sentry::frame(Frame::Kind kind, const Incident& incident) const {
  Frame made;
  made.kind = kind;
  made.rank = rank_;
  made.incident = incident;
  return made;
}

std::string Sentry::here() const { return name_ranks({rank_}, options_.host_names); }

std::string Sentry::own_position() const { return describe(progress_.load(), labels()); }

}  // namespace assay::run

#include "harness/run/watchdog_monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "harness/core/rank_set.hpp"

namespace assay::run {
namespace {

/// Connections of one host's processes close within this time of each other.
constexpr double settle_closed_s = 0.05;
constexpr double beats_to_settle = 2.5;
/// What the deputy leaves rank 0 to speak first: within the launcher's second if someone died.
constexpr double deputy_closed_s = 0.8, deputy_silent_s = 1.0;

/// Waits for other ranks without an operation of its own.
bool waits(const Position& position) {
  return !position.inside && position.phase != Phase::warm_up && position.phase != Phase::pilot &&
         position.phase != Phase::timed;
}

}  // namespace

double deadline_s(const Deadlines& deadlines, Phase phase) {
  switch (phase) {
    case Phase::start_up:
      return deadlines.start_up_s;
    case Phase::prepare:
    case Phase::control:
      return deadlines.control_s;
    case Phase::tear_down:
      return deadlines.tear_down_s;
    case Phase::finished:
      return std::numeric_limits<double>::infinity();
    default:
      return deadlines.operation_s;
  }
}

std::optional<int> deputy_of(std::span<const std::string> host_names) {
  if (host_names.size() < 2) return std::nullopt;
  // What follows a blank is printed only: pretended hosts are lost with the real one.
  const auto real = [](std::string_view host) { return host.substr(0, host.find(' ')); };
  const auto other = std::find_if(host_names.begin(), host_names.end(), [&](const auto& host) {
    return real(host) != real(host_names.front());
  });
  return other == host_names.end() ? 1 : static_cast<int>(other - host_names.begin());
}

Monitor::Monitor(MonitorOptions options, double now_s)
    : options_(std::move(options)), members_(options_.host_names.size()) {
  for (Member& member : members_) member.heard_s = now_s;
}

void Monitor::heard(int rank, Position position, double unchanged_s, double now_s) {
  Member& member = members_[static_cast<std::size_t>(rank)];
  if (member.state == State::left || member.state == State::closed) return;
  member = {State::present, position, now_s, unchanged_s};
}

void Monitor::closed(int rank) {
  Member& member = members_[static_cast<std::size_t>(rank)];
  if (member.state != State::left) member.state = State::closed;
}

void Monitor::left(int rank) { members_[static_cast<std::size_t>(rank)].state = State::left; }

void Monitor::reported(Incident report) {
  // Who has said why it ends is not missed.
  for (const int rank : report.ranks)
    if (rank != options_.rank) left(rank);
  if (!report_) report_ = std::move(report);
}

void Monitor::renew(double now_s) {
  for (Member& member : members_) member.heard_s = now_s;
}

double Monitor::age_s(const Member& member, double now_s) const {
  return member.unchanged_s + (now_s - member.heard_s);
}

std::vector<int> Monitor::closed_ranks() const {
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < members_.size(); ++rank)
    if (members_[rank].state == State::closed) ranks.push_back(static_cast<int>(rank));
  return ranks;
}

std::vector<int> Monitor::silent_ranks(double now_s) const {
  const auto silent = [&](const Member& member, double share) {
    const double limit = member.state == State::awaited ? options_.deadlines.start_up_s
                                                        : options_.deadlines.heartbeat_s;
    return (member.state == State::awaited || member.state == State::present) &&
           now_s - member.heard_s > share * limit;
  };
  if (std::none_of(members_.begin(), members_.end(), [&](auto& m) { return silent(m, 1); }))
    return {};
  // Whoever has been silent for most of the limit belongs to the same event.
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < members_.size(); ++rank)
    if (silent(members_[rank], 0.6)) ranks.push_back(static_cast<int>(rank));
  return ranks;
}

std::vector<int> Monitor::stuck_ranks(double now_s) const {
  constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  // A rank that waits in the control plane is right to while someone behind it advances, or has
  // only just arrived beside it.
  std::uint64_t slowest_advancing = none;
  for (const Member& member : members_)
    if (member.state == State::present &&
        age_s(member, now_s) <= deadline_s(options_.deadlines, member.position.phase))
      slowest_advancing = std::min(slowest_advancing, progress_order(member.position));

  double shortest_overdue = std::numeric_limits<double>::infinity();
  for (const Member& member : members_) {
    const double limit = deadline_s(options_.deadlines, member.position.phase);
    const bool overdue = member.state == State::present && age_s(member, now_s) > limit;
    const bool held =
        waits(member.position) && slowest_advancing <= progress_order(member.position);
    if (overdue && !held) shortest_overdue = std::min(shortest_overdue, limit);
  }
  // The culprit stands still about as long as those who wait for it, and is furthest behind.
  std::uint64_t furthest_behind = none;
  std::vector<int> ranks;
  for (std::size_t rank = 0; rank < members_.size(); ++rank) {
    const Member& member = members_[rank];
    if (member.state != State::present || age_s(member, now_s) < 0.5 * shortest_overdue) continue;
    const std::uint64_t order = progress_order(member.position);
    if (order < furthest_behind) ranks.clear();
    furthest_behind = std::min(furthest_behind, order);
    if (order == furthest_behind) ranks.push_back(static_cast<int>(rank));
  }
  return ranks;
}

std::optional<Monitor::Finding> Monitor::find(double now_s) const {
  using Kind = Incident::Kind;
  if (report_ && report_->kind == Kind::failed) return Finding{Kind::failed, report_->ranks};
  // A launcher follows a death with signals to everyone: the death is the news.
  if (auto ranks = closed_ranks(); !ranks.empty()) return Finding{Kind::lost, std::move(ranks)};
  if (report_) return Finding{report_->kind, report_->ranks};
  if (auto ranks = silent_ranks(now_s); !ranks.empty())
    return Finding{Kind::stopped, std::move(ranks)};
  if (auto ranks = stuck_ranks(now_s); !ranks.empty())
    return Finding{Kind::stuck, std::move(ranks)};
  return std::nullopt;
}

double Monitor::settle_s(const Finding& finding, double now_s) const {
  using Kind = Incident::Kind;
  const bool prompt = finding.kind != Kind::stopped && finding.kind != Kind::stuck;
  // Positions are as old as their heartbeats: a rank that advanced may be shown still waiting.
  const double settle = prompt                        ? settle_closed_s
                        : finding.kind == Kind::stuck ? beats_to_settle * options_.interval_s
                                                      : 0;
  const Member& first = members_.front();
  const bool there = first.state == State::awaited || first.state == State::present;
  const bool first_will_speak =
      options_.rank != 0 && there && now_s - first.heard_s <= options_.deadlines.heartbeat_s;
  if (!first_will_speak) return settle;
  return settle +
         (prompt ? deputy_closed_s : std::min(deputy_silent_s, options_.deadlines.heartbeat_s / 2));
}

std::optional<Incident> Monitor::check(double now_s, std::span<const std::string> case_labels) {
  const auto finding = find(now_s);
  if (!finding) {
    pending_since_.reset();
    return std::nullopt;
  }
  if (!pending_since_) pending_since_ = now_s;
  if (now_s - *pending_since_ < settle_s(*finding, now_s)) return std::nullopt;
  return Incident{finding->kind, finding->ranks, sentence(*finding, now_s, case_labels)};
}

std::string Monitor::last_seen(const std::vector<int>& ranks,
                               std::span<const std::string> case_labels) const {
  const auto position = [&](int rank) { return members_[static_cast<std::size_t>(rank)].position; };
  const int behind = *std::min_element(ranks.begin(), ranks.end(), [&](int a, int b) {
    return progress_order(position(a)) < progress_order(position(b));
  });
  const bool together = std::all_of(ranks.begin(), ranks.end(),
                                    [&](int rank) { return position(rank) == position(behind); });
  return fmt::format("{}last seen in {}", together ? "" : fmt::format("rank {} was ", behind),
                     describe(position(behind), case_labels));
}

std::string Monitor::sentence(const Finding& finding, double now_s,
                              std::span<const std::string> case_labels) const {
  using Kind = Incident::Kind;
  if (finding.kind == Kind::failed || finding.kind == Kind::signal) return report_->sentence;
  const bool all = finding.ranks.size() == members_.size() && members_.size() > 1;
  const std::string who = all ? fmt::format("all {} ranks", members_.size())
                              : name_ranks(finding.ranks, options_.host_names);
  const bool one = finding.ranks.size() == 1;
  const std::string seen = last_seen(finding.ranks, case_labels);
  if (finding.kind == Kind::lost)
    return fmt::format(
        "{} {} gone (killed, crashed or exited: the connection closed without a "
        "goodbye); {}",
        who, one ? "is" : "are", seen);
  double unheard = 0, unchanged = 0;
  for (const int rank : finding.ranks) {
    const Member& member = members_[static_cast<std::size_t>(rank)];
    unheard = std::max(unheard, now_s - member.heard_s);
    unchanged = std::max(unchanged, age_s(member, now_s));
  }
  if (finding.kind == Kind::stopped)
    return fmt::format("{} {} sent no heartbeat for {:.1f} s; {}", who, one ? "has" : "have",
                       unheard, seen);
  return fmt::format("{} {} made no progress for {:.1f} s; {}", who, one ? "has" : "have",
                     unchanged, seen);
}

std::string name_ranks(const std::vector<int>& ranks, std::span<const std::string> host_names) {
  constexpr std::size_t hosts_named = 4;
  std::vector<std::string> hosts;  // in the order of their first rank
  std::vector<std::vector<int>> ranks_of;
  for (const int rank : ranks) {
    const std::string& host = host_names[static_cast<std::size_t>(rank)];
    const auto at = std::find(hosts.begin(), hosts.end(), host);
    if (at == hosts.end()) {
      hosts.push_back(host);
      ranks_of.push_back({rank});
    } else {
      ranks_of[static_cast<std::size_t>(at - hosts.begin())].push_back(rank);
    }
  }
  std::vector<std::string> parts;
  std::size_t named = 0;
  for (std::size_t i = 0; i < std::min(hosts.size(), hosts_named); ++i) {
    parts.push_back(fmt::format("rank{} {} on host {}", ranks_of[i].size() == 1 ? "" : "s",
                                format_ranks(compress_ranks(ranks_of[i])), hosts[i]));
    named += ranks_of[i].size();
  }
  if (named < ranks.size()) parts.push_back(fmt::format("{} more", ranks.size() - named));
  if (parts.size() < 2) return parts.empty() ? "nobody" : parts.front();
  const std::string last = std::move(parts.back());
  parts.pop_back();
  return fmt::format("{} and {}", fmt::join(parts, ", "), last);
}

}  // namespace assay::run

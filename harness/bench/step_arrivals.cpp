#include "harness/bench/step_arrivals.hpp"

#include <algorithm>

namespace assay::bench {
namespace {

/// Both ends send and receive; the lower one sends first.
std::vector<double> swapped(comm::Team& team, std::span<const double> mine, int peer) {
  std::vector<double> theirs(mine.size());
  const auto send = [&] { team.send(std::as_bytes(mine), peer); };
  if (team.rank() < peer) send();
  team.receive(std::as_writable_bytes(std::span(theirs)), peer);
  if (team.rank() > peer) send();
  return theirs;
}

}  // namespace

StepArrivals::StepArrivals(const step::Schedule& schedule, std::span<comm::Team* const> teams)
    : per_step_(schedule.operations.size()), teams_(teams.begin(), teams.end()) {
  for (std::size_t i = 0; i < per_step_; ++i) {
    const auto& what = schedule.works[schedule.operations[i].work].what;
    if (const auto* call = std::get_if<step::Collect>(&what))
      collectives_[call->group].push_back(i);
    if (const auto* message = std::get_if<step::Message>(&what)) {
      auto& pair = messages_[message->group][message->peer];
      const bool sends = message->way == step::Message::Way::send;
      (sends ? pair.sends : pair.receives).push_back(i);
    }
  }
}

std::vector<double> StepArrivals::pick(std::span<const std::int64_t> begin_ns,
                                       const Operations& operations, std::size_t per_step) {
  std::vector<double> picked;
  for (std::size_t step = 0; step < begin_ns.size(); step += per_step)
    for (const auto i : operations) picked.push_back(static_cast<double>(begin_ns[step + i]));
  return picked;
}

void StepArrivals::raise(std::vector<std::int64_t>& all_there, const Operations& operations,
                         std::span<const double> to) const {
  auto next = to.begin();
  for (std::size_t step = 0; step < all_there.size(); step += per_step_)
    for (const auto i : operations) {
      auto& there = all_there[step + i];
      there = std::max(there, static_cast<std::int64_t>(*next++));
    }
}

std::vector<std::int64_t> StepArrivals::all_there(std::span<const std::int64_t> begin_ns) const {
  std::vector<std::int64_t> found(begin_ns.begin(), begin_ns.end());
  for (const auto& [group, operations] : collectives_) {
    auto latest = pick(begin_ns, operations, per_step_);
    teams_[group]->max(latest);
    raise(found, operations, latest);
  }
  // In an order that all ranks have: groups, and within a group pairs as they would meet in a
  // sorted list of all pairs. So the first pair that is not done yet can always go on.
  for (const auto& [group, pairs] : messages_) {
    auto& team = *teams_[group];
    for (const auto& [peer, pair] : pairs) {
      auto mine = pick(begin_ns, pair.sends, per_step_);
      const auto receives = pick(begin_ns, pair.receives, per_step_);
      mine.insert(mine.end(), receives.begin(), receives.end());
      const auto theirs = swapped(team, mine, peer);
      // Their sends, which this rank received, and then what they received.
      raise(found, pair.receives, std::span(theirs).first(receives.size()));
      raise(found, pair.sends, std::span(theirs).subspan(receives.size()));
    }
  }
  return found;
}

}  // namespace assay::bench

#include "harness/schedule/schedule.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <map>
#include <optional>

namespace assay::schedule {

namespace {

struct Access {
  Region region;
  bool writes = false;
};

std::vector<Access> accesses_of(const Operation& operation) {
  const auto& action = operation.action;
  if (const auto* send = std::get_if<Send>(&action)) return {{send->from, false}};
  if (const auto* receive = std::get_if<Receive>(&action)) return {{receive->to, true}};
  if (const auto* copy = std::get_if<Copy>(&action)) return {{copy->from, false}, {copy->to, true}};
  const auto& reduce = std::get<Reduce>(action);
  return {{reduce.from, false}, {reduce.into, true}};
}

bool conflict(const Access& a, const Access& b) {
  return (a.writes || b.writes) && a.region.place == b.region.place &&
         a.region.first < b.region.first + b.region.count &&
         b.region.first < a.region.first + a.region.count;
}

std::string at(std::size_t rank, std::size_t operation) {
  return "rank " + std::to_string(rank) + ", operation " + std::to_string(operation) + ": ";
}

/// Of copies and reductions.
std::string shape_problem(const Operation& operation) {
  const auto accesses = accesses_of(operation);
  if (accesses.size() < 2) return {};
  if (accesses[0].region.count != accesses[1].region.count) return "unequal counts";
  return conflict(accesses[0], accesses[1]) ? "source and destination overlap" : "";
}

std::string region_problem(const Access& access, const Schedule& schedule, Extent extent) {
  const std::array sizes{extent.send, extent.recv, schedule.scratch};
  const auto& region = access.region;
  const auto size = sizes[static_cast<std::size_t>(region.place)];
  if (region.first > size || region.count > size - region.first) return "out of bounds";
  if (access.writes && region.place == Place::send && region.count > 0) return "writes the input";
  return {};
}

std::string peer_problem(const Operation& operation, std::size_t rank, std::size_t ranks) {
  const auto* send = std::get_if<Send>(&operation.action);
  const auto* receive = std::get_if<Receive>(&operation.action);
  if (send == nullptr && receive == nullptr) return {};
  const int peer = send != nullptr ? send->peer : receive->peer;
  if (peer < 0 || static_cast<std::size_t>(peer) >= ranks) return "no such peer";
  return static_cast<std::size_t>(peer) == rank ? "a message to itself" : "";
}

std::string local_problem(std::span<const Schedule> ranks, std::span<const Extent> extents) {
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    for (std::size_t i = 0; i < ranks[rank].operations.size(); ++i) {
      const auto& operation = ranks[rank].operations[i];
      const auto& after = operation.after;
      if (std::any_of(after.begin(), after.end(), [&](auto dependency) { return dependency >= i; }))
        return at(rank, i) + "depends on a later operation";
      auto problem = peer_problem(operation, rank, ranks.size());
      for (const auto& access : accesses_of(operation))
        if (problem.empty()) problem = region_problem(access, ranks[rank], extents[rank]);
      if (problem.empty()) problem = shape_problem(operation);
      if (!problem.empty()) return at(rank, i) + problem;
    }
  return {};
}

/// The messages from one rank to another, as indices of operations.
struct Channel {
  std::vector<std::size_t> sends, receives;
};
struct Ends {
  std::size_t from = 0, to = 0;
  auto operator<=>(const Ends&) const = default;
};
using Channels = std::map<Ends, Channel>;

Channels channels_of(std::span<const Schedule> ranks) {
  Channels channels;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    for (std::size_t i = 0; i < ranks[rank].operations.size(); ++i) {
      const auto& action = ranks[rank].operations[i].action;
      if (const auto* send = std::get_if<Send>(&action))
        channels[{rank, static_cast<std::size_t>(send->peer)}].sends.push_back(i);
      if (const auto* receive = std::get_if<Receive>(&action))
        channels[{static_cast<std::size_t>(receive->peer), rank}].receives.push_back(i);
    }
  return channels;
}

std::string matching_problem(std::span<const Schedule> ranks, const Channels& channels) {
  for (const auto& [ends, channel] : channels) {
    const auto between =
        "from rank " + std::to_string(ends.from) + " to rank " + std::to_string(ends.to) + ": ";
    if (channel.sends.size() != channel.receives.size())
      return between + std::to_string(channel.sends.size()) + " sends, " +
             std::to_string(channel.receives.size()) + " receives";
    for (std::size_t k = 0; k < channel.sends.size(); ++k) {
      const auto& send = ranks[ends.from].operations[channel.sends[k]];
      const auto& receive = ranks[ends.to].operations[channel.receives[k]];
      const auto sent = std::get<Send>(send.action).from.count;
      const auto wanted = std::get<Receive>(receive.action).to.count;
      if (sent != wanted)
        return between + "message " + std::to_string(k) + " has " + std::to_string(sent) +
               " elements, " + std::to_string(wanted) + " are expected";
    }
  }
  return {};
}

/// The most patient way to carry schedules out: each rank begins its operations in their order and
/// waits before each; a message is complete when both ends have begun it.
class Patient {
 public:
  Patient(std::span<const Schedule> ranks, const Channels& channels)
      : ranks_(ranks), begun_(ranks.size(), 0), partner_(ranks.size()) {
    for (std::size_t rank = 0; rank < ranks.size(); ++rank)
      partner_[rank].resize(ranks[rank].operations.size());
    for (const auto& [ends, channel] : channels)
      for (std::size_t k = 0; k < channel.sends.size(); ++k) {
        partner_[ends.from][channel.sends[k]] = {ends.to, channel.receives[k]};
        partner_[ends.to][channel.receives[k]] = {ends.from, channel.sends[k]};
      }
  }

  std::string deadlock() {
    for (bool advanced = true; advanced;) {
      advanced = false;
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
        for (; can_begin(rank); ++begun_[rank]) advanced = true;
    }
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
      if (begun_[rank] < ranks_[rank].operations.size())
        return at(rank, begun_[rank]) + "waits for ever";
    return {};
  }

 private:
  struct Partner {
    std::size_t rank = 0, operation = 0;
  };

  bool can_begin(std::size_t rank) const {
    const auto& operations = ranks_[rank].operations;
    if (begun_[rank] == operations.size()) return false;
    const auto& after = operations[begun_[rank]].after;
    return std::all_of(after.begin(), after.end(), [&](auto i) {
      const auto& partner = partner_[rank][i];
      return !partner || partner->operation < begun_[partner->rank];
    });
  }

  std::span<const Schedule> ranks_;
  std::vector<std::size_t> begun_;
  std::vector<std::vector<std::optional<Partner>>> partner_;
};

bool conflict(const std::vector<Access>& some, const std::vector<Access>& others) {
  for (const auto& a : some)
    for (const auto& b : others)
      if (conflict(a, b)) return true;
  return false;
}

std::string race_in(const Schedule& schedule, std::size_t rank) {
  const auto& operations = schedule.operations;
  std::vector<std::vector<Access>> accesses;
  std::vector<std::vector<bool>> before;  // [i][j]: j is complete before i begins
  for (std::size_t i = 0; i < operations.size(); ++i) {
    accesses.push_back(accesses_of(operations[i]));
    before.emplace_back(i);
    for (const auto dependency : operations[i].after) {
      before[i][dependency] = true;
      for (std::size_t j = 0; j < dependency; ++j)
        if (before[dependency][j]) before[i][j] = true;
    }
    for (std::size_t j = 0; j < i; ++j)
      if (!before[i][j] && conflict(accesses[i], accesses[j]))
        return at(rank, i) + "races with operation " + std::to_string(j);
  }
  return {};
}

std::string round_problem(std::span<const Schedule> ranks, const Channels& channels) {
  for (const auto& [ends, channel] : channels)
    for (std::size_t k = 0; k < channel.sends.size(); ++k) {
      const int sent = ranks[ends.from].operations[channel.sends[k]].round;
      const int received = ranks[ends.to].operations[channel.receives[k]].round;
      if (sent != received)
        return at(ends.to, channel.receives[k]) + "received in round " + std::to_string(received) +
               ", sent in round " + std::to_string(sent);
    }
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    std::vector<std::optional<int>> last;  // of the messages before, itself included
    for (const auto& operation : ranks[rank].operations) {
      std::optional<int> before;
      for (const auto i : operation.after) before = std::max(before, last[i]);
      const bool local = accesses_of(operation).size() == 2;
      if (!local && before >= operation.round)
        return at(rank, last.size()) + "waits for a message of its own round";
      last.push_back(local ? before : operation.round);
    }
  }
  return {};
}

}  // namespace

std::string problem_of(std::span<const Schedule> ranks, std::span<const Extent> extents) {
  if (ranks.size() != extents.size()) return "an extent for every rank is needed";
  if (auto problem = local_problem(ranks, extents); !problem.empty()) return problem;
  const auto channels = channels_of(ranks);
  if (auto problem = matching_problem(ranks, channels); !problem.empty()) return problem;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank)
    if (auto race = race_in(ranks[rank], rank); !race.empty()) return race;
  if (auto problem = Patient(ranks, channels).deadlock(); !problem.empty()) return problem;
  return round_problem(ranks, channels);
}

}  // namespace assay::schedule

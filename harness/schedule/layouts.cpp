#include "harness/schedule/layouts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <vector>

#include "harness/core/error.hpp"
#include "harness/schedule/permutation.hpp"

namespace assay::schedule {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string what, std::string remedy) {
  throw UsageError({fmt::format("layout {}", name), std::move(what), std::move(remedy)});
}

Group range_group(int first, int last) { return {{{first, last, 1}}}; }
Group group_of(const std::vector<int>& ranks) { return {compress_ranks(ranks)}; }

Layout world(const Topology& topology) {
  return {"world", {{{range_group(0, topology.ranks() - 1)}}}};
}

Layout node(const Topology& topology) {
  Round round;
  for (const auto& host : topology.hosts) round.at_once.push_back(group_of(host.ranks));
  return {"node", {round}};
}

Layout rail(const Topology& topology) {
  const auto rails = topology.hosts.front().ranks.size();
  for (const auto& host : topology.hosts)
    if (host.ranks.size() != rails)
      refuse("rail",
             fmt::format("{} has {} ranks and {} has {}", topology.hosts.front().name, rails,
                         host.name, host.ranks.size()),
             "start the same number of ranks on every host");
  Round round;
  for (std::size_t local = 0; local < rails; ++local) {
    std::vector<int> ranks;
    for (const auto& host : topology.hosts) ranks.push_back(host.ranks[local]);
    round.at_once.push_back(group_of(ranks));
  }
  return {"rail", {round}};
}

Layout pairs(const Topology& topology) {
  if (topology.ranks() < 2) refuse("pairs", "there is 1 rank", "start at least 2 ranks");
  return circle_layout(topology.ranks());
}

/// The tournaments of all hosts, round by round; on smaller hosts it is over earlier.
Layout node_pairs(const Topology& topology) {
  Layout layout{"node_pairs", {}};
  for (const auto& host : topology.hosts) {
    if (host.ranks.size() < 2) continue;
    const auto own = circle_layout(static_cast<int>(host.ranks.size()));
    if (layout.rounds.size() < own.rounds.size()) layout.rounds.resize(own.rounds.size());
    for (std::size_t round = 0; round < own.rounds.size(); ++round)
      for (const auto& group : own.rounds[round].at_once) {
        auto members = group.ranks();
        for (auto& rank : members) rank = host.ranks[static_cast<std::size_t>(rank)];
        layout.rounds[round].at_once.push_back(group_of(members));
      }
  }
  if (layout.rounds.empty())
    refuse("node_pairs", "no host has 2 ranks", "start at least 2 ranks on a host");
  return layout;
}

Layout halves(const Topology& topology) {
  const int ranks = topology.ranks();
  if (ranks < 2) refuse("halves", "there is 1 rank", "start at least 2 ranks");
  const int lower = ranks / 2;
  return {"halves", {{{range_group(0, lower - 1), range_group(lower, ranks - 1)}}}};
}

Layout each(const Topology& topology) { return each_layout(topology.ranks()); }
Layout alone(const Topology& topology) { return alone_layout(topology.ranks()); }

constexpr std::string_view split_prefix = "split:";

/// k of "split:k"; absent for any other text.
std::optional<int> split_count(std::string_view name) {
  if (!name.starts_with(split_prefix)) return std::nullopt;
  const auto digits = name.substr(split_prefix.size());
  // Only one spelling of a number: "split:02" would be another case than "split:2".
  if (digits.empty() || digits.front() == '0') return std::nullopt;
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  const bool whole = error == std::errc() && end == digits.data() + digits.size() && count > 0;
  return whole ? std::optional(count) : std::nullopt;
}

Layout split(const Topology& topology, int count) {
  const int ranks = topology.ranks();
  if (count > ranks)
    refuse(fmt::format("split:{}", count), fmt::format("{} groups of {} ranks", count, ranks),
           fmt::format("split into 1 to {} groups", ranks));
  Round round;
  for (int first = 0; first < count; ++first) {
    std::vector<int> members;
    for (int rank = first; rank < ranks; rank += count) members.push_back(rank);
    round.at_once.push_back(group_of(members));
  }
  return {fmt::format("split:{}", count), {round}};
}

struct Builder {
  std::string_view name;
  Layout (*build)(const Topology&);
};
constexpr std::array<Builder, 8> builders{{{"world", world},
                                           {"node", node},
                                           {"rail", rail},
                                           {"pairs", pairs},
                                           {"node_pairs", node_pairs},
                                           {"halves", halves},
                                           {"each", each},
                                           {"alone", alone}}};

const Builder* find_builder(std::string_view name) {
  const auto at = std::find_if(builders.begin(), builders.end(),
                               [&](const Builder& row) { return row.name == name; });
  return at == builders.end() ? nullptr : &*at;
}

}  // namespace

Layout make_layout(std::string_view name, const Topology& topology) {
  invariant(topology.ranks() > 0, "a layout needs at least one rank");
  if (const auto* builder = find_builder(name)) return builder->build(topology);
  if (const auto count = split_count(name)) return split(topology, *count);
  refuse(name, "there is no such layout", fmt::format("expected one of {}", layout_names()));
}

bool is_layout_name(std::string_view name) {
  return find_builder(name) != nullptr || split_count(name).has_value();
}

Layout permuted(Layout layout, int ranks, std::uint64_t placement) {
  if (placement == 0) return layout;
  const auto moved = permutation(static_cast<std::size_t>(ranks), placement);
  layout.name += fmt::format("@{}", placement);
  for (auto& round : layout.rounds)
    for (auto& group : round.at_once) {
      auto members = group.ranks();
      for (auto& rank : members) rank = static_cast<int>(moved[static_cast<std::size_t>(rank)]);
      group = group_of(members);
    }
  return layout;
}

Layout each_layout(int ranks) {
  Round round;
  for (int rank = 0; rank < ranks; ++rank) round.at_once.push_back(range_group(rank, rank));
  return {"each", {round}};
}

Layout alone_layout(int ranks) {
  Layout layout{"alone", {}};
  for (int rank = 0; rank < ranks; ++rank) layout.rounds.push_back({{range_group(rank, rank)}});
  return layout;
}

Layout circle_layout(int ranks) {
  invariant(ranks >= 2, "a tournament needs at least two ranks");
  const int moving = ranks + ranks % 2 - 1;
  Layout layout{"pairs", {}};
  for (int number = 0; number < moving; ++number) {
    Round round;
    if (ranks % 2 == 0) round.at_once.push_back(group_of({number, moving}));
    for (int step = 1; step <= moving / 2; ++step) {
      const auto [low, high] =
          std::minmax({(number + step) % moving, (number - step + moving) % moving});
      round.at_once.push_back(group_of({low, high}));
    }
    layout.rounds.push_back(std::move(round));
  }
  return layout;
}

void validate(const Layout& layout, int ranks) {
  invariant(!layout.rounds.empty(), "a layout has no rounds");
  for (const auto& round : layout.rounds) {
    invariant(!round.at_once.empty(), "a round of a layout has no groups");
    std::vector<bool> taken(static_cast<std::size_t>(ranks));
    for (const auto& group : round.at_once) {
      const auto members = group.ranks();
      invariant(!members.empty(), "a group of a layout has no ranks");
      for (const int rank : members) {
        invariant(rank >= 0 && rank < ranks, "a layout names a rank that does not exist");
        invariant(!taken[static_cast<std::size_t>(rank)], "a layout has a rank twice in a round");
        taken[static_cast<std::size_t>(rank)] = true;
      }
    }
  }
}

std::string_view layout_names() {
  return "world, node, rail, pairs, node_pairs, halves, split:<k>, each, alone";
}

}  // namespace assay::schedule

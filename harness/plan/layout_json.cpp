#include "harness/plan/layout_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::plan {
namespace {

using Json = nlohmann::json;

/// A layout that its kind and size describe. The limits keep an edited file from exhausting memory;
/// a tournament has size²/2 groups.
struct Kind {
  std::string_view name;
  Layout (*build)(int ranks);
  int least, most;
};
constexpr std::array<Kind, 3> kinds{{{"each", schedule::each_layout, 1, 1'000'000},
                                     {"alone", schedule::alone_layout, 1, 1'000'000},
                                     {"circle", schedule::circle_layout, 2, 4'096}}};

/// The seed in "pairs@7"; 0 without one.
std::uint64_t placement_of(std::string_view name) {
  std::uint64_t placement = 0;
  const auto at = name.find('@');
  if (at != std::string_view::npos)
    std::from_chars(name.data() + at + 1, name.data() + name.size(), placement);
  return placement;
}

Layout build(const Kind& kind, int size, std::uint64_t placement, std::string_view name) {
  auto layout = schedule::permuted(kind.build(size), size, placement);
  layout.name = name;
  return layout;
}

std::size_t pairs_of(std::size_t ranks) { return ranks * (ranks - 1) / 2; }

/// The size a layout would have if it were of this kind: compared before anything is built.
int size_as(const Kind& kind, const Layout& layout) {
  const auto groups = layout.group_count();
  if (kind.name != "circle") return static_cast<int>(groups);
  std::size_t ranks = layout.rounds.size() + 1;  // even: p−1 rounds; odd: p
  if (pairs_of(ranks) != groups) --ranks;
  return pairs_of(ranks) == groups ? static_cast<int>(ranks) : 0;
}

bool is_list_of_text(const Json& json) {
  return json.is_array() && !json.empty() && json.front().is_string();
}

Json groups_to_json(const Round& round) {
  auto groups = Json::array();
  for (const auto& group : round.at_once) groups.push_back(format_ranks(group.members));
  return groups;
}

Group read_group(const JsonValue& value, std::set<int>& taken) {
  Group group;
  const auto text = value.text();
  try {
    group.members = parse_ranks(text);
  } catch (const UsageError& error) {
    value.refuse(error.fault().what, error.fault().remedy);
  }
  if (group.members.empty()) value.refuse("a group has no ranks", "remove it");
  for (const int rank : group.ranks())
    if (!taken.insert(rank).second)
      value.refuse(fmt::format("rank {} stands twice in a round", rank),
                   "groups that run at once are disjoint");
  return group;
}

Round read_round(const JsonValue& value) {
  Round round;
  std::set<int> taken;
  for (const auto& group : value.list()) round.at_once.push_back(read_group(group, taken));
  if (round.at_once.empty()) value.refuse("a round has no groups", "remove it");
  return round;
}

Layout read_kind(ObjectReader reader, std::string_view name) {
  const auto kind_name = reader.value("kind").choice({"each", "alone", "circle"});
  const auto& kind = *std::find_if(kinds.begin(), kinds.end(),
                                   [&](const Kind& row) { return row.name == kind_name; });
  const auto size_value = reader.value("size");
  const auto size = size_value.integer();
  if (size < kind.least || size > kind.most)
    size_value.refuse(fmt::format("{} is out of range", size),
                      fmt::format("expected {} to {}", kind.least, kind.most));
  const auto placement_value = reader.optional_value("placement");
  const auto placement = placement_value ? placement_value->integer_at_least(1) : 0;
  reader.finish();
  return build(kind, static_cast<int>(size), static_cast<std::uint64_t>(placement), name);
}

}  // namespace

Json layout_to_json(const Layout& layout) {
  const auto placement = placement_of(layout.name);
  const auto groups = layout.group_count();
  for (const auto& kind : kinds) {
    if (groups < 2) break;  // ["0-1"] says more than a tournament of two
    const int size = size_as(kind, layout);
    if (size < kind.least || size > kind.most) continue;
    if (build(kind, size, placement, layout.name) != layout) continue;
    Json json{{"kind", kind.name}, {"size", size}};
    if (placement != 0) json["placement"] = placement;
    return json;
  }
  if (layout.rounds.size() == 1) return groups_to_json(layout.rounds.front());
  auto rounds = Json::array();
  for (const auto& round : layout.rounds) rounds.push_back(groups_to_json(round));
  return rounds;
}

Layout layout_from_json(const Json& json, std::string_view name, std::string_view where) {
  const JsonValue value(json, {std::string(where), {}});
  if (value.is_object()) return read_kind(value.object(), name);
  Layout layout{std::string(name), {}};
  if (is_list_of_text(json)) {
    layout.rounds.push_back(read_round(value));
    return layout;
  }
  for (const auto& round : value.list()) layout.rounds.push_back(read_round(round));
  if (layout.rounds.empty()) value.refuse("a layout has no rounds", "write for example [\"0-7\"]");
  return layout;
}

}  // namespace assay::plan

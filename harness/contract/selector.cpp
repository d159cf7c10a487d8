#include "harness/contract/selector.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/core/inputs.hpp"
#include "harness/core/units.hpp"

namespace assay::contract {
namespace {

constexpr std::array<std::string_view, 4> attributes{"benchmark", "layout", "pacing", "cache"};

/// A case names a file by its content, and so must who selects the case.
void check_traffic(const std::string& counts, const plan::JsonValue& json) {
  if (!counts.starts_with(traffic_file)) return;
  const auto name = traffic_name(counts);
  if (name.digest.empty() || name.path.find('/') != std::string::npos)
    json.refuse(
        fmt::format("\"{}\" names a file without its digest, or with its folder", counts),
        "write file:NAME#DIGEST, as --dry-run of a run with --set counts=file:PATH says it");
}

/// A case calls these files by the name that stands in them.
void check_name(const std::string& name, const plan::JsonValue& json) {
  if (!is_plain_name(name))
    json.refuse(fmt::format("\"{}\" is the path of a file", name),
                "give the \"name\" that stands in it: that is what cases say");
}

DimValue parse_value(std::string_view key, const plan::JsonValue& json) {
  if (key == "pacing") return json.choice(pacing_names);
  if (key == "cache") return json.choice({name(Cache::cold), name(Cache::warm)});
  if (is_attribute(key)) return json.text();
  const auto& dim = *find_dim(key);
  switch (dim.kind) {
    case DimKind::flag:
      return json.flag();
    case DimKind::integer:
      return json.integer_at_least(0);
    case DimKind::bytes:
      return json.bytes();
    case DimKind::text:
      break;
  }
  if (key == "counts") check_traffic(json.text(), json);
  if (key == "model" || key == "parallelism") check_name(json.text(), json);
  return parse_dim(dim, json.text(), json.place().text());
}

Match parse_range(std::string_view key, const plan::JsonValue& json) {
  const auto* dim = find_dim(key);
  if (dim == nullptr || dim->kind == DimKind::text || dim->kind == DimKind::flag)
    json.refuse("a range stands where only names belong", "list the values: [\"a\", \"b\"]");
  auto reader = json.object();
  Match match;
  if (const auto min = reader.optional_value("min"))
    match.min = std::get<std::int64_t>(parse_value(key, *min));
  if (const auto max = reader.optional_value("max"))
    match.max = std::get<std::int64_t>(parse_value(key, *max));
  reader.finish();
  if (!match.min && !match.max)
    json.refuse("the range has neither min nor max", "give at least one of them");
  if (match.min && match.max && *match.min > *match.max)
    json.refuse("min is above max, so nothing can match", "exchange them");
  return match;
}

Match parse_match(std::string_view key, const plan::JsonValue& json) {
  if (json.is_object()) return parse_range(key, json);
  Match match;
  for (const auto& value : json.list_or_one()) match.any_of.push_back(parse_value(key, value));
  if (match.any_of.empty()) json.refuse("an empty list matches nothing", "name a value");
  return match;
}

bool matches(const Match& match, const DimValue& value) {
  if (!match.any_of.empty())
    return std::find(match.any_of.begin(), match.any_of.end(), value) != match.any_of.end();
  const auto* number = std::get_if<std::int64_t>(&value);
  return number != nullptr && (!match.min || *number >= *match.min) &&
         (!match.max || *number <= *match.max);
}

std::string describe(std::string_view key, const Match& match) {
  const auto* dim = find_dim(key);
  const auto kind = dim == nullptr ? DimKind::text : dim->kind;
  std::vector<std::string> values;
  for (const auto& value : match.any_of) values.push_back(format_dim(value, kind));
  if (!values.empty()) return fmt::format("{}={}", key, fmt::join(values, "|"));
  const auto end = [&](const std::optional<std::int64_t>& side) {
    return side ? format_dim(DimValue{*side}, kind) : std::string();
  };
  if (!match.max) return fmt::format("{} ≥ {}", key, end(match.min));
  if (!match.min) return fmt::format("{} ≤ {}", key, end(match.max));
  return fmt::format("{}={} … {}", key, end(match.min), end(match.max));
}

}  // namespace

bool is_attribute(std::string_view key) {
  return std::find(attributes.begin(), attributes.end(), key) != attributes.end();
}

Selector parse_selector(const plan::JsonValue& json) {
  auto reader = json.object();
  Selector selector;
  for (const auto& entry : reader.rest()) {
    if (!is_attribute(entry.key) && find_dim(entry.key) == nullptr) {
      std::vector<std::string_view> known(attributes.begin(), attributes.end());
      for (const auto& row : dim_table) known.push_back(row.name);
      entry.value.refuse("unknown key", fmt::format("expected one of {}", fmt::join(known, ", ")));
    }
    selector.emplace(entry.key, parse_match(entry.key, entry.value));
  }
  return selector;
}

bool matches(const Selector& selector, const Case& c) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& item) {
    const auto value = attribute(c, item.first);
    return value && matches(item.second, *value);
  });
}

std::string describe(const Selector& selector) {
  std::vector<std::string> parts;
  // The benchmark first: it is what a reader looks for.
  if (const auto at = selector.find("benchmark"); at != selector.end())
    parts.push_back(describe(at->first, at->second));
  for (const auto& [key, match] : selector)
    if (key != "benchmark") parts.push_back(describe(key, match));
  return parts.empty() ? "anything" : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> texts(const Selector& selector, std::string_view key) {
  std::vector<std::string> values;
  if (const auto at = selector.find(key); at != selector.end())
    for (const auto& value : at->second.any_of)
      if (const auto* text = std::get_if<std::string>(&value)) values.push_back(*text);
  return values;
}

}  // namespace assay::contract

#include "harness/plan/json_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/core/error.hpp"

namespace assay::plan {
namespace {

using Json = nlohmann::json;

/// "line 3, column 7" of the byte that a parser stopped at (counted from 1).
std::string position(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(byte > 0 ? byte - 1 : 0, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto newline = before.rfind('\n');
  const auto column =
      newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return fmt::format("line {}, column {}", line, column);
}

/// The parser's own words, without the tag and position it puts in front.
std::string_view reason(std::string_view message) {
  const auto column = message.find("column ");
  const auto colon = message.find(": ", column == std::string_view::npos ? 0 : column);
  if (colon != std::string_view::npos) return message.substr(colon + 2);
  const auto tag = message.find("] ");
  return tag == std::string_view::npos ? message : message.substr(tag + 2);
}

/// Sees every key as it is parsed: the parser itself would silently keep the last of two.
class DuplicateCheck {
 public:
  explicit DuplicateCheck(std::string_view where) : where_(where) {}

  bool operator()(int, Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) open_.emplace_back();
    if (event == Json::parse_event_t::object_end) open_.pop_back();
    if (event == Json::parse_event_t::key) add(parsed.get<std::string>());
    return true;
  }

 private:
  void add(const std::string& key) {
    if (!open_.back().insert(key).second)
      throw UsageError({std::string(where_),
                        fmt::format("key \"{}\" stands twice in an object", key),
                        "remove one of them"});
  }

  std::string_view where_;
  std::vector<std::set<std::string>> open_;
};

/// The value as it stands in the file, cut to a readable length.
std::string shown(const Json& json) {
  constexpr std::size_t most = 60;
  auto text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() > most ? text.substr(0, most) + "…" : text;
}

/// Deeper than any assay document, shallower than any stack.
constexpr int max_depth = 64;

void check_depth(std::string_view text, std::string_view where) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth)
        throw UsageError({.where = std::string(where),
                          .what = fmt::format("is nested more than {} levels deep", max_depth),
                          .remedy = "no document of assay is"});
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  check_depth(text, where);
  try {
    return Json::parse(text.begin(), text.end(), DuplicateCheck(where));
  } catch (const Json::parse_error& error) {
    throw UsageError({std::string(where),
                      fmt::format("{}: {}", position(text, error.byte), reason(error.what())),
                      "the file is truncated or no valid JSON"});
  } catch (const Json::exception& error) {
    throw UsageError(
        {std::string(where), std::string(reason(error.what())), "the file is no valid JSON"});
  }
}

std::string Place::text() const { return path.empty() ? file : file + ": " + path; }

Place Place::key(std::string_view name) const {
  return {file, path.empty() ? std::string(name) : fmt::format("{}.{}", path, name)};
}

Place Place::index(std::size_t i) const { return {file, fmt::format("{}[{}]", path, i)}; }

void JsonValue::refuse(std::string what, std::string remedy) const {
  throw UsageError({place_.text(), std::move(what), std::move(remedy)});
}

void JsonValue::refuse_type(std::string_view expected, std::string_view example) const {
  refuse(fmt::format("{} is not {}", shown(*json_), expected),
         fmt::format("write for example {}", example));
}

std::string JsonValue::text() const {
  if (!json_->is_string()) refuse_type("text", "\"world\"");
  return json_->get<std::string>();
}

std::int64_t JsonValue::integer() const {
  const bool fits = !json_->is_number_unsigned() || json_->get<std::uint64_t>() <= INT64_MAX;
  if (!json_->is_number_integer() || !fits) refuse_type("a whole number", "64");
  return json_->get<std::int64_t>();
}

std::int64_t JsonValue::integer_at_least(std::int64_t least) const {
  const auto value = integer();
  if (value < least)
    refuse(fmt::format("{} is out of range", value), fmt::format("it must be at least {}", least));
  return value;
}

double JsonValue::number() const {
  if (!json_->is_number()) refuse_type("a number", "0.05");
  return json_->get<double>();
}

bool JsonValue::flag() const {
  if (!json_->is_boolean()) refuse_type("true or false", "true");
  return json_->get<bool>();
}

double JsonValue::ratio() const {
  if (json_->is_string()) return parse_ratio(json_->get<std::string>(), place_.text());
  if (!json_->is_number()) refuse_type("a ratio", "0.02 or \"2%\"");
  const auto value = json_->get<double>();
  if (value < 0) refuse(fmt::format("{} is negative", shown(*json_)), "a ratio is at least 0");
  return value;
}

double JsonValue::quantity(Unit unit) const {
  if (unit == Unit::one) return ratio();
  if (!json_->is_string())
    refuse_type("a quantity with its unit", fmt::format("\"10 {}\"", symbol(unit)));
  const auto read = parse_quantity(json_->get<std::string>(), place_.text());
  if (read.unit != unit)
    refuse(
        fmt::format("{} is in {} where {} belongs", shown(*json_), symbol(read.unit), symbol(unit)),
        fmt::format("write for example \"10 {}\"", symbol(unit)));
  return read.value;
}

std::int64_t JsonValue::bytes() const {
  if (!json_->is_string()) refuse_type("a size as text", "\"64KiB\"");
  return parse_bytes(json_->get<std::string>(), place_.text());
}

std::string JsonValue::choice(const std::vector<std::string_view>& choices) const {
  auto chosen = text();
  if (std::find(choices.begin(), choices.end(), chosen) == choices.end())
    refuse(fmt::format("\"{}\" is unknown", chosen),
           fmt::format("expected one of {}", fmt::join(choices, ", ")));
  return chosen;
}

ObjectReader JsonValue::object() const { return {*json_, place_}; }

std::vector<JsonValue> JsonValue::list() const {
  if (!json_->is_array()) refuse_type("a list", "[…]");
  return list_or_one();
}

std::vector<JsonValue> JsonValue::list_or_one() const {
  if (!json_->is_array()) return {*this};
  std::vector<JsonValue> values;
  for (std::size_t i = 0; i < json_->size(); ++i) values.emplace_back((*json_)[i], place_.index(i));
  return values;
}

ObjectReader::ObjectReader(const Json& json, Place place) : json_(&json), place_(std::move(place)) {
  if (!json.is_object())
    JsonValue(json, place_)
        .refuse(fmt::format("{} is not an object", shown(json)), "write {\"key\": value, …}");
}

std::optional<JsonValue> ObjectReader::optional_value(std::string_view key) {
  known_.emplace(key);
  const auto at = json_->find(key);
  if (at == json_->end()) return std::nullopt;
  return JsonValue(*at, place_.key(key));
}

JsonValue ObjectReader::value(std::string_view key) {
  if (auto found = optional_value(key)) return *found;
  throw UsageError({place_.key(key).text(), "the key is missing", "add it"});
}

ObjectReader ObjectReader::object(std::string_view key) { return value(key).object(); }

std::optional<std::string> ObjectReader::optional_text(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->text()) : std::nullopt;
}

std::optional<std::int64_t> ObjectReader::optional_integer(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->integer()) : std::nullopt;
}

std::optional<double> ObjectReader::optional_number(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->number()) : std::nullopt;
}

std::optional<bool> ObjectReader::optional_flag(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->flag()) : std::nullopt;
}

std::optional<double> ObjectReader::optional_ratio(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->ratio()) : std::nullopt;
}

std::optional<double> ObjectReader::optional_quantity(std::string_view key, Unit unit) {
  const auto found = optional_value(key);
  return found ? std::optional(found->quantity(unit)) : std::nullopt;
}

std::optional<ObjectReader> ObjectReader::optional_object(std::string_view key) {
  const auto found = optional_value(key);
  return found ? std::optional(found->object()) : std::nullopt;
}

std::vector<JsonValue> ObjectReader::optional_list(std::string_view key) {
  const auto found = optional_value(key);
  return found ? found->list() : std::vector<JsonValue>();
}

std::vector<ObjectReader::Entry> ObjectReader::rest() {
  std::vector<Entry> entries;
  for (const auto& [key, value] : json_->items())
    if (known_.insert(key).second) entries.push_back({key, {value, place_.key(key)}});
  return entries;
}

void ObjectReader::finish(const std::vector<std::string_view>& also) const {
  for (const auto& [key, value] : json_->items()) {
    if (known_.contains(key)) continue;
    std::vector<std::string_view> expected(known_.begin(), known_.end());
    expected.insert(expected.end(), also.begin(), also.end());
    throw UsageError({place_.key(key).text(), "unknown key",
                      fmt::format("expected one of {}", fmt::join(expected, ", "))});
  }
}

void check_format(ObjectReader& reader, std::string_view format, std::string_view version) {
  reader.value("format").choice({format});
  const auto found = reader.text("schema_version");
  const auto first = version.find('.');
  const auto end = version.starts_with("0.") ? version.find('.', first + 1) : first;
  const auto prefix = version.substr(0, end + 1);
  if (!found.starts_with(prefix))
    throw UsageError({reader.place().key("schema_version").text(),
                      fmt::format("version \"{}\" cannot be read by this program", found),
                      fmt::format("expected {}x", prefix)});
}

}  // namespace assay::plan

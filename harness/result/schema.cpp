#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/embedded_schemas.hpp"

namespace assay::result {
namespace {

const EmbeddedSchema& find_schema(std::string_view name) {
  for (const auto& row : embedded_schemas())
    if (row.name == name) return row;
  throw InternalError(fmt::format("no schema \"{}\" was compiled in", name));
}

/// A schema of ours that another one refers to by its file name.
const nlohmann::json* fetch(const std::string& file) {
  const auto name = std::string_view(file).substr(0, file.find('.'));
  return new nlohmann::json(nlohmann::json::parse(find_schema(name).text));
}

void release(const nlohmann::json* schema) { delete schema; }

using Adapter = valijson::adapters::NlohmannJsonAdapter;

/// Compiled once: it takes longer than to check a document.
const valijson::Schema& compiled(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, valijson::Schema, std::less<>> schemas;
  const std::lock_guard lock(mutex);
  const auto& embedded = find_schema(name);
  const auto [at, is_new] = schemas.try_emplace(std::string(name));
  if (is_new) {
    const auto parsed = nlohmann::json::parse(embedded.text);
    valijson::SchemaParser().populateSchema(Adapter(parsed), at->second, fetch, release);
  }
  return at->second;
}

/// "[cases]", "[3]", "[bytes]" → "cases[3].bytes"
struct Found {
  std::string path;
  const nlohmann::json* value = nullptr;
};
Found locate(const nlohmann::json& document, const std::vector<std::string>& context) {
  Found found{.path = {}, .value = &document};
  for (std::size_t i = 1; i < context.size(); ++i) {
    const auto step = context[i].substr(1, context[i].size() - 2);
    const bool in_list = found.value != nullptr && found.value->is_array();
    if (in_list)
      found.path += fmt::format("[{}]", step);
    else
      found.path += (found.path.empty() ? "" : ".") + step;
    if (found.value == nullptr) continue;
    if (in_list)
      found.value = &found.value->at(static_cast<std::size_t>(std::stoull(step)));
    else
      found.value = found.value->contains(step) ? &found.value->at(step) : nullptr;
  }
  return found;
}

std::string quoted_name(const std::string& description) {
  const auto from = description.rfind('\'', description.size() - 3) + 1;
  return description.substr(from, description.rfind('\'') - from);
}

std::string shown(const nlohmann::json* value) {
  constexpr std::size_t most = 60;
  if (value == nullptr) return "the value";
  const auto text = value->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() > most ? text.substr(0, most) + "…" : text;
}

/// The validator's words, as assay says them.
struct Translation {
  std::string_view starts_with;
  std::string_view meaning;
};
constexpr std::array<Translation, 6> translations{{
    {"Value type not permitted", "is of the wrong type"},
    {"Failed to match against any enum values", "is not among the values allowed"},
    {"Failed to match expected value", "is not the value expected"},
    {"Failed to match regex", "does not have the form required"},
    {"Failed to validate against any schemas allowed by anyOf", "has none of the forms allowed"},
    {"Failed to validate against any child schemas", "has none of the forms allowed"},
}};

Fault translate(const nlohmann::json& document, const valijson::ValidationResults::Error& error,
                std::string_view schema, std::string_view where) {
  auto [path, value] = locate(document, error.context);
  std::string what;
  const auto names_key = [&](std::string_view start, std::string_view meaning) {
    if (!error.description.starts_with(start)) return;
    path += (path.empty() ? "" : ".") + quoted_name(error.description);
    what = meaning;
  };
  names_key("Missing required property", "the key is missing");
  names_key("Object contains a property", "unknown key");
  names_key("Failed to validate against schema associated", "does not belong here");
  for (const auto& row : translations)
    if (error.description.starts_with(row.starts_with))
      what = fmt::format("{} {}", shown(value), row.meaning);
  if (what.empty()) what = fmt::format("{}: {}", shown(value), error.description);
  return {.where = path.empty() ? std::string(where) : fmt::format("{}: {}", where, path),
          .what = std::move(what),
          .remedy = fmt::format("see configs/schema/{}.schema.json", schema)};
}

/// std::regex recurses for every character and would overflow the stack on an edited document, and
/// on an honest one with a hundred thousand scattered ranks. A pattern sees this much of a text;
/// the typed readers see all of it.
constexpr std::size_t most_matched = 1000;

bool has_long_text(const nlohmann::json& json) {
  if (json.is_string()) return json.get_ref<const std::string&>().size() > most_matched;
  return json.is_structured() && std::any_of(json.begin(), json.end(),
                                             [](const auto& part) { return has_long_text(part); });
}

/// Lists, such as those of ranks, are cut between two entries.
void cut_long_text(nlohmann::json& json) {
  for (auto& part : json) {
    if (part.is_structured()) cut_long_text(part);
    if (!part.is_string()) continue;
    auto& text = part.get_ref<std::string&>();
    if (text.size() > most_matched)
      text.resize(std::min(most_matched, text.rfind(',', most_matched)));
  }
}

/// The deepest violation: those above it only repeat that something below failed.
valijson::ValidationResults::Error deepest(const valijson::ValidationResults& results) {
  return *std::max_element(results.begin(), results.end(), [](const auto& a, const auto& b) {
    return a.context.size() < b.context.size();
  });
}

}  // namespace

void validate_schema(const nlohmann::json& document, std::string_view schema,
                     std::string_view where) {
  if (has_long_text(document)) {
    auto shorter = document;
    cut_long_text(shorter);
    return validate_schema(shorter, schema, where);
  }
  valijson::ValidationResults results;
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  if (!validator.validate(compiled(schema), Adapter(document), &results))
    throw UsageError(translate(document, deepest(results), schema, where));
}

}  // namespace assay::result

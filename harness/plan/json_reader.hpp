// Strict reading of JSON documents: every access is typed and knows its path, and a key that
// nobody asked for is an error. All errors are UsageError: "file: cases[3].bytez: unknown key; …".
//
//   const auto json = parse_json(text, "lease.json");
//   ObjectReader reader(json, {"lease.json"});
//   const auto name = reader.text("name");
//   const auto guard = reader.optional_ratio("guard").value_or(0.02);
//   for (const auto& clause : reader.list("clauses")) read_clause(clause.object());
//   reader.finish();
//
// Readers and values point into the json value, which must outlive them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/units.hpp"

namespace assay::plan {

/// Parses a whole document. Throws UsageError naming file, line and column for a syntax error, the
/// key for one that stands twice in an object, and for one nested more than 64 levels deep.
nlohmann::json parse_json(std::string_view text, std::string_view where);

/// Where a value stands: "lease.json" and "clauses[2].of".
struct Place {
  std::string file;
  std::string path;

  /// "lease.json: clauses[2].of"
  std::string text() const;
  Place key(std::string_view name) const;
  Place index(std::size_t i) const;
};

class ObjectReader;

/// A value with its place. Each reading function throws UsageError where the value is of another
/// type, naming the value and what belongs there.
class JsonValue {
 public:
  JsonValue(const nlohmann::json& json, Place place) : json_(&json), place_(std::move(place)) {}

  const nlohmann::json& json() const { return *json_; }
  const Place& place() const { return place_; }

  bool is_text() const { return json_->is_string(); }
  bool is_number() const { return json_->is_number(); }
  bool is_flag() const { return json_->is_boolean(); }
  bool is_object() const { return json_->is_object(); }
  bool is_list() const { return json_->is_array(); }

  std::string text() const;
  /// A whole number of 64 bits; 3.0 is not one.
  std::int64_t integer() const;
  /// A whole number ≥ `least`.
  std::int64_t integer_at_least(std::int64_t least) const;
  double number() const;
  bool flag() const;
  /// 0.02 or "2%", ≥ 0.
  double ratio() const;
  /// "350 GB/s" in the base unit of `unit`; Unit::one reads a ratio.
  double quantity(Unit unit) const;
  /// "64KiB", "8".
  std::int64_t bytes() const;
  /// Text that is one of `choices`.
  std::string choice(const std::vector<std::string_view>& choices) const;
  ObjectReader object() const;
  std::vector<JsonValue> list() const;
  /// The elements of a list; a value that is no list is a list of itself.
  std::vector<JsonValue> list_or_one() const;

  /// Throws the UsageError of this place.
  [[noreturn]] void refuse(std::string what, std::string remedy) const;

 private:
  [[noreturn]] void refuse_type(std::string_view expected, std::string_view example) const;

  const nlohmann::json* json_;
  Place place_;
};

/// An object whose keys are taken one by one. The plain functions throw UsageError for a missing
/// key, the optional_ ones return nullopt for it; null is a wrong type, never an absence.
class ObjectReader {
 public:
  /// Throws UsageError unless `json` is an object.
  ObjectReader(const nlohmann::json& json, Place place);

  const Place& place() const { return place_; }

  JsonValue value(std::string_view key);
  std::optional<JsonValue> optional_value(std::string_view key);

  std::string text(std::string_view key) { return value(key).text(); }
  std::int64_t integer(std::string_view key) { return value(key).integer(); }
  double number(std::string_view key) { return value(key).number(); }
  bool flag(std::string_view key) { return value(key).flag(); }
  double ratio(std::string_view key) { return value(key).ratio(); }
  double quantity(std::string_view key, Unit unit) { return value(key).quantity(unit); }
  ObjectReader object(std::string_view key);
  std::vector<JsonValue> list(std::string_view key) { return value(key).list(); }

  std::optional<std::string> optional_text(std::string_view key);
  std::optional<std::int64_t> optional_integer(std::string_view key);
  std::optional<double> optional_number(std::string_view key);
  std::optional<bool> optional_flag(std::string_view key);
  std::optional<double> optional_ratio(std::string_view key);
  std::optional<double> optional_quantity(std::string_view key, Unit unit);
  std::optional<ObjectReader> optional_object(std::string_view key);
  /// Empty where the key is absent.
  std::vector<JsonValue> optional_list(std::string_view key);

  /// Values of all keys that were not asked for yet; their keys count as asked for from now on.
  /// For objects with free keys, such as the dimensions of a selection.
  struct Entry {
    std::string key;
    JsonValue value;
  };
  std::vector<Entry> rest();

  /// Throws UsageError for the first key that nobody asked for, naming those that were.
  /// `also` lists further keys for the remedy.
  void finish(const std::vector<std::string_view>& also = {}) const;

 private:
  const nlohmann::json* json_;
  Place place_;
  std::set<std::string, std::less<>> known_;
};

/// Refuses documents of another kind or of a schema this program cannot read: `format` must match,
/// `schema_version` must have the major (and before 1.0 also the minor) number of `version`.
void check_format(ObjectReader& reader, std::string_view format, std::string_view version);

}  // namespace assay::plan

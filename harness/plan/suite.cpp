#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/core/beside.hpp"
#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/plan/plan.hpp"

namespace assay::plan {
namespace {

/// The longest sweep: beyond it a step is a slip.
constexpr std::size_t most_values = 10'000;

std::int64_t read_number(const JsonValue& value, DimKind kind) {
  return kind == DimKind::bytes ? value.bytes() : value.integer_at_least(0);
}

std::vector<DimValue> read_sweep(ObjectReader reader, DimKind kind) {
  Sweep sweep;
  sweep.min = read_number(reader.value("min"), kind);
  sweep.max = read_number(reader.value("max"), kind);
  if (const auto factor = reader.optional_value("factor"))
    sweep.factor = factor->integer_at_least(2);
  if (const auto step = reader.optional_value("step")) sweep.step = read_number(*step, kind);
  reader.finish();
  return values_of(sweep, reader.place().text());
}

DimValue read_value(const DimInfo& dim, const JsonValue& value);

/// A word that format_beside() can write between its marks.
std::string read_word(const JsonValue& value, std::string_view marks) {
  auto text = value.text();
  if (text.find_first_of(marks) != std::string::npos)
    value.refuse(fmt::format("\"{}\" is no name", text), "leave out the marks");
  return text;
}

/// {"benchmark": "all_to_all", "layout": "node", "bytes": "1MiB"} as parse_beside() has it.
std::string beside_text(const JsonValue& value) {
  auto reader = value.object();
  auto beside = beside_of(read_word(reader.value("benchmark"), ":,="));
  if (const auto layout = reader.optional_value("layout")) beside.layout = read_word(*layout, ",=");
  for (const auto* key : {"bytes", "type", "op"})
    if (const auto one = reader.optional_value(key))
      beside.dims.insert_or_assign(key, read_value(*find_dim(key), *one));
  reader.finish();
  return format_beside(beside);
}

DimValue read_value(const DimInfo& dim, const JsonValue& value) {
  if (dim.name == "beside" && value.is_object())
    return parse_dim(dim, beside_text(value), value.place().text());
  if (dim.kind == DimKind::flag) return value.flag();
  if (dim.kind == DimKind::text) return parse_dim(dim, value.text(), value.place().text());
  return read_number(value, dim.kind);
}

std::vector<DimValue> read_values(const DimInfo& dim, const JsonValue& value) {
  const bool counts = dim.kind == DimKind::bytes || dim.kind == DimKind::integer;
  if (counts && value.is_object()) return read_sweep(value.object(), dim.kind);
  std::vector<DimValue> values;
  for (const auto& one : value.list_or_one()) values.push_back(read_value(dim, one));
  return values;
}

StopKind kind_of(const JsonValue& stop) {
  const auto& json = stop.json();
  std::vector<StopKind> found;
  for (const auto kind : {StopKind::blocks, StopKind::iterations, StopKind::precision})
    if (json.contains(name(kind))) found.push_back(kind);
  if (found.empty() && json.contains("time")) found.push_back(StopKind::time);
  if (found.size() != 1)
    stop.refuse("it must say how much is enough, in one way",
                "give one of blocks, iterations, precision, or time alone");
  return found.front();
}

Stop read_stop(const JsonValue& value) {
  auto reader = value.object();
  Stop stop;
  stop.kind = kind_of(value);
  if (const auto blocks = reader.optional_value("blocks"))
    stop.blocks = blocks->integer_at_least(1);
  stop.block_length = reader.optional_integer("block_length");
  if (const auto quantiles = reader.optional_value("quantiles")) {
    stop.quantiles.clear();
    for (const auto& q : quantiles->list()) stop.quantiles.push_back(q.number());
  }
  stop.iterations = reader.optional_integer("iterations").value_or(stop.iterations);
  stop.time_s = reader.optional_quantity("time", Unit::second).value_or(stop.time_s);
  stop.precision = reader.optional_ratio("precision").value_or(stop.precision);
  reader.finish();
  return stop;
}

WarmUp read_warm_up(ObjectReader reader) {
  WarmUp warm_up;
  warm_up.iterations = reader.optional_integer("iterations").value_or(warm_up.iterations);
  warm_up.time_s = reader.optional_quantity("time", Unit::second).value_or(warm_up.time_s);
  reader.finish();
  return warm_up;
}

/// One or several names of an enumeration.
template <typename Enum>
std::vector<Enum> read_names(std::optional<JsonValue> value, Enum fallback,
                             std::optional<Enum> (*from)(std::string_view),
                             const std::vector<std::string_view>& names) {
  if (!value) return {fallback};
  std::vector<Enum> read;
  for (const auto& one : value->list_or_one()) read.push_back(*from(one.choice(names)));
  if (read.empty()) value->refuse("the list is empty", "give at least one value");
  return read;
}

void read_dims(ObjectReader& reader, Request& request) {
  for (const auto& dim : dim_table) {
    if (dim.name == "repetition") continue;  // counted by "repetitions"
    if (const auto value = reader.optional_value(dim.name))
      request.dims.emplace(dim.name, read_values(dim, *value));
  }
}

void read_layouts(ObjectReader& reader, Request& request) {
  const auto value = reader.optional_value("layout");
  if (!value) return;
  for (const auto& layout : value->list_or_one()) request.layouts.push_back(layout.text());
  if (request.layouts.empty()) value->refuse("the list is empty", "give at least one layout");
}

/// A case of the document, once for every pacing and cache it lists.
std::vector<Request> read_requests(const JsonValue& value) {
  auto reader = value.object();
  Request request;
  request.where = value.place().text();
  request.benchmark = reader.text("benchmark");
  read_layouts(reader, request);
  read_dims(reader, request);
  auto& protocol = request.protocol;
  const auto pacings = read_names<Pacing>(reader.optional_value("pacing"), protocol.pacing,
                                          pacing_from, pacing_names);
  const auto caches = read_names<Cache>(reader.optional_value("cache"), protocol.cache, cache_from,
                                        {"cold", "warm"});
  if (auto warm_up = reader.optional_object("warm_up")) protocol.warm_up = read_warm_up(*warm_up);
  protocol.pilot = reader.optional_integer("pilot").value_or(protocol.pilot);
  if (const auto stop = reader.optional_value("stop")) protocol.stop = read_stop(*stop);
  request.repetitions = reader.optional_integer("repetitions").value_or(request.repetitions);
  request.optional = reader.optional_flag("optional").value_or(request.optional);
  reader.finish();
  std::vector<Request> requests;
  for (const auto pacing : pacings)
    for (const auto cache : caches) {
      requests.push_back(request);
      requests.back().protocol.pacing = pacing;
      requests.back().protocol.cache = cache;
    }
  return requests;
}

}  // namespace

std::vector<DimValue> values_of(const Sweep& sweep, std::string_view where) {
  const auto refuse = [&](std::string what, std::string remedy) {
    throw UsageError({std::string(where), std::move(what), std::move(remedy)});
  };
  const bool by_factor = sweep.factor >= 2;
  const bool by_step = sweep.step >= 1;
  if (by_factor == by_step)
    refuse("a sweep goes either by a factor or by a step", "give one of factor ≥ 2 and step ≥ 1");
  if (sweep.min > sweep.max)
    refuse(fmt::format("the sweep begins at {} and ends at {}", sweep.min, sweep.max),
           "give a min that is not above max");
  if (by_factor && sweep.min < 1)
    refuse("a sweep by a factor cannot begin at 0", "begin at 1 or more");
  std::vector<DimValue> values;
  for (auto value = sweep.min;;) {
    values.emplace_back(value);
    if (values.size() > most_values)
      refuse(fmt::format("the sweep has more than {} values", most_values), "take larger steps");
    const bool last = by_factor ? value > sweep.max / sweep.factor : value > sweep.max - sweep.step;
    if (last) return values;
    value = by_factor ? value * sweep.factor : value + sweep.step;
  }
}

Suite parse_suite(std::string_view text, const Catalogue& catalogue, std::string_view where) {
  const auto json = parse_json(text, where);
  ObjectReader reader(json, {std::string(where), {}});
  check_format(reader, "assay.suite", "0.1.0");
  Suite suite;
  suite.name = reader.text("name");
  suite.description = reader.optional_text("description").value_or("");
  const auto cases = reader.value("cases");
  for (const auto& value : cases.list())
    for (auto& request : read_requests(value)) suite.requests.push_back(std::move(request));
  reader.finish();
  if (suite.requests.empty()) cases.refuse("the suite has no cases", "add at least one");
  for (const auto& request : suite.requests) check(request, catalogue);
  return suite;
}

}  // namespace assay::plan

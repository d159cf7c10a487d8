#include <nlohmann/json.hpp>

#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/plan/layout_json.hpp"
#include "harness/plan/plan.hpp"

namespace assay::plan {
namespace {

using Json = nlohmann::json;

Json dims_to_json(const Dims& dims) {
  auto json = Json::object();
  for (const auto& [name, value] : dims)
    std::visit([&, &key = name](const auto& held) { json[key] = held; }, value);
  return json;
}

Json stop_to_json(const Stop& stop) {
  Json json{{"kind", name(stop.kind)},     {"blocks", stop.blocks},
            {"quantiles", stop.quantiles}, {"iterations", stop.iterations},
            {"time_s", stop.time_s},       {"precision", stop.precision}};
  if (stop.block_length) json["block_length"] = *stop.block_length;
  return json;
}

Json protocol_to_json(const Protocol& protocol) {
  const auto& warm_up = protocol.warm_up;
  return {{"pacing", name(protocol.pacing)},
          {"cache", name(protocol.cache)},
          {"warm_up", {{"iterations", warm_up.iterations}, {"time_s", warm_up.time_s}}},
          {"pilot", protocol.pilot},
          {"stop", stop_to_json(protocol.stop)},
          {"verify", protocol.verify}};
}

DimValue read_dim(const DimInfo& dim, const JsonValue& value) {
  switch (dim.kind) {
    case DimKind::text:
      return value.text();
    case DimKind::flag:
      return value.flag();
    case DimKind::integer:
    case DimKind::bytes:
      break;
  }
  return value.integer_at_least(0);
}

Dims read_dims(ObjectReader reader) {
  Dims dims;
  for (const auto& row : dim_table)
    if (const auto value = reader.optional_value(row.name))
      dims.emplace(row.name, read_dim(row, *value));
  reader.finish();
  return dims;
}

Stop read_stop(ObjectReader reader) {
  Stop stop;
  stop.kind =
      *stop_kind_from(reader.value("kind").choice({"blocks", "iterations", "time", "precision"}));
  stop.blocks = reader.integer("blocks");
  stop.block_length = reader.optional_integer("block_length");
  stop.quantiles.clear();
  for (const auto& q : reader.list("quantiles")) stop.quantiles.push_back(q.number());
  stop.iterations = reader.integer("iterations");
  stop.time_s = reader.number("time_s");
  stop.precision = reader.number("precision");
  reader.finish();
  return stop;
}

Protocol read_protocol(ObjectReader reader) {
  Protocol protocol;
  protocol.pacing = *pacing_from(reader.value("pacing").choice(pacing_names));
  protocol.cache = *cache_from(reader.value("cache").choice({"cold", "warm"}));
  auto warm_up = reader.object("warm_up");
  protocol.warm_up = {warm_up.integer("iterations"), warm_up.number("time_s")};
  warm_up.finish();
  protocol.pilot = reader.integer("pilot");
  protocol.stop = read_stop(reader.object("stop"));
  protocol.verify = reader.flag("verify");
  reader.finish();
  return protocol;
}

}  // namespace

Json to_json(const Case& c) {
  return {{"id", c.id},
          {"benchmark", c.benchmark},
          {"dims", dims_to_json(c.dims)},
          {"layout", c.layout},
          {"protocol", protocol_to_json(c.protocol)},
          {"optional", c.optional}};
}

Case case_from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, {std::string(where), {}});
  Case c;
  c.id = reader.text("id");
  c.benchmark = reader.text("benchmark");
  c.dims = read_dims(reader.object("dims"));
  c.layout = reader.text("layout");
  c.protocol = read_protocol(reader.object("protocol"));
  c.optional = reader.flag("optional");
  reader.finish();
  return c;
}

std::string canonical(const Plan& plan, const InputDigests& digests) {
  auto cases = Json::array();
  for (const auto& c : plan.cases) cases.push_back(to_json(c));
  auto layouts = Json::object();
  for (const auto& [name, layout] : plan.layouts) layouts[name] = layout_to_json(layout);
  Json all{{"cases", std::move(cases)}, {"layouts", std::move(layouts)}};
  if (!digests.empty()) all["inputs"] = digests;
  return all.dump();
}

}  // namespace assay::plan

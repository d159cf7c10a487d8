// What resuming a run leaves in its journal: its conduct, and later attempts.
#include <fmt/format.h>

#include <cmath>

#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {
namespace {

using plan::JsonValue;
using plan::ObjectReader;

Attempt read_attempt(ObjectReader reader) {
  Attempt attempt{.attempt = read_int(reader.value("attempt"), 1), .id = reader.text("id")};
  attempt.started = reader.text("started");
  attempt.command = reader.text("command");
  attempt.first_case = reader.optional_text("first_case").value_or("");
  attempt.previous = reader.text("previous");
  attempt.topology = read_topology(reader.object("topology"));
  attempt.environment = read_texts(reader.object("environment"));
  attempt.warnings = read_warnings(reader.list("warnings"));
  reader.finish();
  return attempt;
}

}  // namespace

Json conduct_to_json(const Conduct& conduct) {
  invariant(std::isfinite(conduct.max_time_per_case_s + conduct.timeout_s),
            "a number of the run's conduct is not finite");
  Json cases = Json::array();
  for (const auto& spec : conduct.cases) cases.emplace_back(plan::to_json(spec));
  Json json{{"cases", std::move(cases)},
            {"max_time_per_case_s", conduct.max_time_per_case_s},
            {"timeout_s", conduct.timeout_s},
            {"rotation_bytes", conduct.rotation_bytes}};
  if (conduct.ranks_per_node) json["ranks_per_node"] = *conduct.ranks_per_node;
  json["sync"] = conduct.sync;
  if (conduct.share_gpu) json["share_gpu"] = true;
  if (!conduct.inputs.empty()) json["inputs"] = conduct.inputs;
  if (!conduct.contract.empty()) json["contract"] = conduct.contract;
  json["warnings"] = warnings_to_json(conduct.warnings);
  return json;
}

Conduct read_conduct(ObjectReader reader) {
  Conduct conduct;
  for (const auto& entry : reader.list("cases"))
    conduct.cases.push_back(plan::case_from_json(entry.json(), entry.place().text()));
  reader.optional_number("memory_bytes_per_rank");  // until 0.1.2
  conduct.max_time_per_case_s = read_positive(reader.value("max_time_per_case_s"));
  conduct.timeout_s = read_positive(reader.value("timeout_s"));
  conduct.rotation_bytes =
      static_cast<std::uint64_t>(reader.value("rotation_bytes").integer_at_least(0));
  if (const auto count = reader.optional_value("ranks_per_node"))
    conduct.ranks_per_node = count->integer_at_least(1);
  if (const auto sync = reader.optional_value("sync"))
    conduct.sync = sync->choice({"auto", "barrier"});
  if (const auto share = reader.optional_value("share_gpu")) conduct.share_gpu = share->flag();
  if (auto inputs = reader.optional_object("inputs"))
    for (const auto& entry : inputs->rest())
      conduct.inputs[entry.key] = read_texts(entry.value.object());
  if (auto counts = reader.optional_object("traffic"))  // until 0.1.4
    conduct.inputs["counts"] = read_texts(*counts);
  conduct.contract = reader.optional_text("contract").value_or("");
  conduct.warnings = read_warnings(reader.list("warnings"));
  reader.finish();
  return conduct;
}

Json attempt_to_json(const Attempt& attempt) {
  Json json{{"attempt", attempt.attempt},
            {"id", attempt.id},
            {"started", attempt.started},
            {"command", attempt.command}};
  if (!attempt.first_case.empty()) json["first_case"] = attempt.first_case;
  json["previous"] = attempt.previous;
  json["topology"] = topology_to_json(attempt.topology);
  json["environment"] = attempt.environment;
  json["warnings"] = warnings_to_json(attempt.warnings);
  return json;
}

std::vector<Attempt> read_attempts(const std::vector<JsonValue>& list, int last) {
  std::vector<Attempt> attempts;
  auto number = static_cast<std::int64_t>(last) - std::ssize(list);
  for (const auto& entry : list) {
    auto attempt = read_attempt(entry.object());
    if (attempt.attempt != ++number)
      entry.refuse(
          fmt::format("attempt {} stands where attempt {} belongs", attempt.attempt, number),
          restore);
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

}  // namespace assay::result

#include <nlohmann/json.hpp>

#include "harness/contract/compare.hpp"

namespace assay::contract {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::optional<stats::Interval>& interval) {
  return interval ? Json{interval->lower, interval->upper} : Json(nullptr);
}

Json to_json(const stats::QuantileEstimate& estimate) {
  return {{"value", estimate.value},
          {"n", estimate.n},
          {"tau", estimate.tau},
          {"interval", to_json(estimate.interval)}};
}

Json to_json(const ComparedFigure& figure) {
  Json json;
  json["case"] = figure.label;
  json["ids"] = {{"base", figure.base_id}, {"new", figure.next_id}};
  json["metric"] = figure.metric->name;
  json["unit"] = symbol(figure.metric->unit);
  json["group"] = figure.group;
  json["ranks"] = figure.ranks;
  json["hosts"] = figure.hosts;
  json["base"] = to_json(figure.base);
  json["new"] = to_json(figure.next);
  json["ratio"] = figure.ratio.value;
  json["ratio_interval"] = to_json(figure.ratio.interval);
  json["decision"] = name(figure.decision);
  return json;
}

Json to_json(const CompareRules& rules, double confidence_each) {
  return {{"metric", rules.metric.empty() ? Json(nullptr) : Json(rules.metric)},
          {"q", rules.q},
          {"margin", rules.margin},
          {"confidence", rules.confidence},
          {"confidence_each", confidence_each}};
}

Json to_json(const Objection& objection) {
  return {{"run", objection.in_base ? "base" : "new"},
          {"clause", objection.finding.clause},
          {"outcome", name(objection.finding.outcome)},
          {"sentence", objection.finding.sentence}};
}

Json to_json(const NotCompared& one) {
  return {{"gap", name(one.gap)}, {"case", one.label}, {"reason", one.reason}};
}

Json to_json(const Warning& warning) {
  return {{"code", warning.code}, {"evidence", warning.evidence}, {"remedy", warning.remedy}};
}

template <typename Row>
Json list(const std::vector<Row>& rows) {
  Json json = Json::array();
  for (const auto& row : rows) json.push_back(to_json(row));
  return json;
}

}  // namespace

Json to_json(const Comparison& comparison, const ComparedDigests& digests) {
  Json json;
  json["format"] = "assay.compare";
  json["schema_version"] = result::schema_version;
  json["base"] = {{"sha256", digests.base}};
  json["new"] = {{"sha256", digests.next}};
  json["rules"] = to_json(comparison.rules, comparison.confidence_each);
  json["outcome"] = name(outcome(comparison));
  json["exit_code"] = static_cast<int>(exit_code(comparison));
  for (const auto decision :
       {Decision::slower, Decision::undecided, Decision::faster, Decision::same})
    json["counts"][std::string(name(decision))] = comparison.count(decision);
  for (const auto gap : {Gap::refused, Gap::only_base, Gap::only_next})
    json["counts"][std::string(name(gap))] = comparison.count(gap);
  json["objections"] = list(comparison.objections);
  json["figures"] = list(comparison.figures);
  json["not_compared"] = list(comparison.gaps);
  json["warnings"] = list(comparison.warnings);
  return json;
}

}  // namespace assay::contract

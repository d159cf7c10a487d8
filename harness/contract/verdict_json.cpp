#include <nlohmann/json.hpp>

#include "harness/contract/judge.hpp"

namespace assay::contract {
namespace {

using Json = nlohmann::ordered_json;

/// Numbers that are absent are null, never NaN.
template <typename T>
Json optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// Bounds are above 0: 0 says that there is none.
Json bound_or_null(double bound) { return bound > 0 ? Json(bound) : Json(nullptr); }

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string_view name(Across across) {
  if (across == Across::none) return "none";
  if (across == Across::min) return "min";
  return across == Across::median ? "median" : "min/median";
}

Json to_json(const BlockTest& test) {
  return {{"q0", test.q0},
          {"blocks", test.blocks},
          {"bad_guarded", test.bad_guarded},
          {"bad", test.bad},
          {"accept_at_most", test.accept_at_most},
          {"reject_at_least", test.reject_at_least},
          {"pass", test.pass},
          {"fail", test.fail}};
}

Json to_json(const Scope& scope) {
  Json tests = Json::array();
  for (const auto& test : scope.tests) tests.push_back(to_json(test));
  Json json;
  json["case"] = scope.case_id;
  json["group"] = optional(scope.group);
  json["ranks"] = scope.ranks;
  json["hosts"] = scope.hosts;
  json["outcome"] = name(scope.outcome);
  json["reason"] = scope.reason;
  json["estimate"] = optional(scope.estimate);
  json["interval_95"] = {optional(scope.lower), optional(scope.upper)};
  json["marginal_quantile"] = optional(scope.marginal);
  json["bound"] = bound_or_null(scope.bound);
  json["guarded_bound"] = bound_or_null(scope.guarded);
  json["fail_bound"] = bound_or_null(scope.fail_bound);
  json["iterations"] = scope.iterations;
  json["block_length"] = scope.block_length;
  json["block_length_from"] = scope.block_length_fixed ? "plan" : "pilot";
  json["tau"] = scope.tau;
  json["sigma_b"] = optional(scope.sigma);
  json["tests"] = std::move(tests);
  json["lag1_p"] = scope.lag1_p;
  json["trend"] = {{"p", scope.trend_p}, {"slope_per_block", scope.trend_slope}};
  json["marginal_pass"] = scope.marginal_pass;
  json["projected_blocks"] = optional(scope.projected_blocks);
  return json;
}

Json to_json(const Terms& terms) {
  return {{"metric", terms.metric},       {"unit", symbol(terms.unit)}, {"q", terms.q},
          {"across", name(terms.across)}, {"bound", terms.bound},       {"guard", terms.guard}};
}

Json to_json(const Finding& finding) {
  Json scopes = Json::array();
  for (const auto& scope : finding.scopes) scopes.push_back(to_json(scope));
  Json json;
  json["clause"] = finding.clause;
  json["outcome"] = name(finding.outcome);
  json["sentence"] = finding.sentence;
  json["next"] = text_or_null(finding.next);
  json["failed_hosts"] = finding.failed_hosts;
  json["cases"] = finding.cases;
  if (!finding.terms) return json;
  json["terms"] = to_json(*finding.terms);
  json["alpha_pass"] = finding.alpha_pass;
  json["alpha_fail"] = finding.alpha_fail;
  json["scopes_total"] = finding.scopes_total;
  json["scopes_failed"] = finding.scopes_failed;
  json["scopes"] = std::move(scopes);
  return json;
}

}  // namespace

Json to_json(const Verdict& verdict) {
  Json findings = Json::array();
  for (const auto& finding : verdict.findings) findings.push_back(to_json(finding));
  Json json;
  json["format"] = "assay.verdict";
  json["schema_version"] = verdict_schema_version;
  json["contract"] = {{"name", text_or_null(verdict.contract_name)},
                      {"sha256", text_or_null(verdict.contract_sha256)}};
  json["result"] = {{"sha256", text_or_null(verdict.result_sha256)}};
  json["outcome"] = name(verdict.outcome);
  json["exit_code"] = static_cast<int>(exit_code(verdict));
  json["run_complete"] = verdict.run_complete;
  json["counts"] = {{"pass", verdict.pass},
                    {"fail", verdict.fail},
                    {"inconclusive", verdict.inconclusive},
                    {"not_measured", verdict.not_measured}};
  json["failed_hosts"] = verdict.failed_hosts;
  json["findings"] = std::move(findings);
  return json;
}

}  // namespace assay::contract

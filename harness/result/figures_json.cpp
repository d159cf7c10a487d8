#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/result/json_parts.hpp"
#include "harness/stats/autocorrelation.hpp"
#include "harness/stats/quantile.hpp"

namespace assay::result {
namespace {

using plan::JsonValue;
using plan::ObjectReader;

constexpr const char* remedy = "the figure was edited after the run: restore the file";

Json figure_to_json(const FigureOverGroups& over) {
  const auto& f = over.worst;
  Json interval = nullptr;
  if (f.p50_lower && f.p50_upper) interval = {*f.p50_lower, *f.p50_upper};
  return {{"unit", symbol(find_metric(f.metric)->unit)},
          {"groups", over.groups},
          {"best_p50", over.best_p50},
          {"median_p50", over.median_p50},
          {"group", f.group},
          {"n", f.n},
          {"min", f.min},
          {"p1", f.p1},
          {"p50", f.p50},
          {"p99", f.p99},
          {"max", f.max},
          {"mean", f.mean},
          {"p50_interval", std::move(interval)}};
}

[[noreturn]] void refuse(const JsonValue& value, const CaseResult& c, const std::string& computed) {
  value.refuse(fmt::format("case {} says {}, its samples give {}", c.spec.id,
                           value.json().dump().substr(0, 60), computed),
               remedy);
}

/// Order statistics and their quotients are the same double on every machine.
void check_exact(ObjectReader& reader, const char* key, double computed, const CaseResult& c) {
  const auto value = reader.value(key);
  if (value.number() != computed) refuse(value, c, fmt::format("{}", computed));
}

void check_count(ObjectReader& reader, const char* key, std::size_t computed, const CaseResult& c) {
  const auto value = reader.value(key);
  if (static_cast<std::uint64_t>(value.integer_at_least(0)) != computed)
    refuse(value, c, fmt::format("{}", computed));
}

/// Sums may differ in their last bits where another compiler orders or fuses operations.
void check_sum(ObjectReader& reader, const char* key, double computed, const CaseResult& c) {
  const auto value = reader.value(key);
  if (!(std::abs(value.number() - computed) <= 1e-9 * std::abs(computed)))
    refuse(value, c, fmt::format("{}", computed));
}

bool equals(const JsonValue& stored, std::optional<double> lower, std::optional<double> upper) {
  const auto& json = stored.json();
  if (!lower || !upper) return json.is_null();
  return json.is_array() && json.size() == 2 && json[0] == *lower && json[1] == *upper;
}

/// The interval's ranks rest on the autocorrelation time, which is a sum: one that lies on the edge
/// between two ranks may fall to either side.
void check_interval(const JsonValue& stored, const CaseResult& c, const Figure& f) {
  if (equals(stored, f.p50_lower, f.p50_upper)) return;
  auto values = metric_values(c, *find_metric(f.metric), f.group).values;
  const double tau = stats::autocorrelation_time(values);
  std::sort(values.begin(), values.end());
  for (const double edge : {1 - 1e-9, 1 + 1e-9}) {
    const auto near = stats::quantile_interval(values, 0.5, 0.95, std::max(1.0, tau * edge));
    if (near ? equals(stored, near->lower, near->upper) : stored.json().is_null()) return;
  }
  refuse(stored, c,
         f.p50_lower ? fmt::format("[{}, {}]", *f.p50_lower, f.p50_upper.value_or(0)) : "null");
}

void check_figure(ObjectReader reader, const FigureOverGroups& over, const CaseResult& c) {
  const auto& f = over.worst;
  const auto unit = reader.value("unit");
  if (unit.text() != symbol(find_metric(f.metric)->unit))
    refuse(unit, c, std::string(symbol(find_metric(f.metric)->unit)));
  check_count(reader, "groups", over.groups, c);
  check_exact(reader, "best_p50", over.best_p50, c);
  check_exact(reader, "median_p50", over.median_p50, c);
  check_count(reader, "group", f.group, c);
  check_count(reader, "n", f.n, c);
  check_exact(reader, "min", f.min, c);
  check_exact(reader, "p1", f.p1, c);
  check_exact(reader, "p50", f.p50, c);
  check_exact(reader, "p99", f.p99, c);
  check_exact(reader, "max", f.max, c);
  check_sum(reader, "mean", f.mean, c);
  check_interval(reader.value("p50_interval"), c, f);
  reader.finish();
}

}  // namespace

Json figures_to_json(const CaseFigures& figures) {
  Json json = Json::object();
  for (const auto& over : figures.figures) json[over.worst.metric] = figure_to_json(over);
  return json;
}

void check_figures(const JsonValue& stored, const CaseResult& c, const CaseFigures& computed) {
  auto reader = stored.object();
  for (const auto& over : computed.figures) {
    const auto entry = reader.optional_value(over.worst.metric);
    if (!entry)
      stored.refuse(fmt::format("case {} lacks the figure {} that its samples give", c.spec.id,
                                over.worst.metric),
                    remedy);
    check_figure(entry->object(), over, c);
  }
  for (const auto& [key, value] : reader.rest())
    value.refuse(fmt::format("case {} has a figure that its samples do not give", c.spec.id),
                 remedy);
}

}  // namespace assay::result

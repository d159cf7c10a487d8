#include "harness/contract/contract.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/contract/selector.hpp"
#include "harness/core/error.hpp"
#include "harness/plan/json_reader.hpp"
#include "harness/result/recorded_environment.hpp"

namespace assay::contract {
namespace {

using plan::JsonValue;
using plan::ObjectReader;

constexpr std::array<std::string_view, 3> implicit_clauses{"expects", "correct", "complete"};

/// Error rates and guard band: set for the whole contract, and again for a clause.
struct Rates {
  double guard = 0.02;
  double false_accept = 0.05;
  double false_reject = 0.05;
};

/// An open interval, and what a person calls it.
struct Range {
  double low, high;
  std::string_view allowed;
};

double within(const JsonValue& json, double value, const Range& range) {
  if (!(value > range.low && value < range.high))
    json.refuse(fmt::format("{} is out of range", json.json().dump()),
                fmt::format("it must be {}", range.allowed));
  return value;
}

/// Smaller error rates ask for more evidence than any run has.
constexpr double least_rate = 1e-9;

double parse_confidence(const JsonValue& json) {
  const auto value = json.ratio();
  if (!(value >= 0.5 && value < 1))
    json.refuse(fmt::format("{} is out of range", json.json().dump()),
                "it must be at least 0.5 and below 1");
  if (value > 1 - least_rate)
    json.refuse(fmt::format("no run is long enough for a confidence of {}", json.json().dump()),
                fmt::format("it must be at most 1 - {}", least_rate));
  return value;
}

double parse_rate(const JsonValue& json) {
  const auto value = within(json, json.ratio(), {0, 0.5, "above 0 and below 0.5"});
  if (value < least_rate)
    json.refuse(fmt::format("no run is long enough for an error rate of {}", json.json().dump()),
                fmt::format("it must be at least {}", least_rate));
  return value;
}

Rates parse_rates(ObjectReader& reader, Rates rates) {
  if (const auto json = reader.optional_value("confidence")) {
    // 1 − .95 is not .05 in binary: a verdict prints the rate that was agreed.
    const auto alpha = std::round((1 - parse_confidence(*json)) * 1e12) / 1e12;
    rates.false_accept = rates.false_reject = alpha;
  }
  if (const auto json = reader.optional_value("false_accept"))
    rates.false_accept = parse_rate(*json);
  if (const auto json = reader.optional_value("false_reject"))
    rates.false_reject = parse_rate(*json);
  if (const auto json = reader.optional_value("guard"))
    rates.guard = within(*json, json->ratio(),
                         {0, 1, "above 0 and below 1: without a band no error can be bounded"});
  return rates;
}

const Metric* parse_metric(const JsonValue& json) {
  std::vector<std::string_view> names;
  for (const auto& row : metrics) names.push_back(row.name);
  return find_metric(json.choice(names));
}

double parse_quantile(ObjectReader& reader, const Metric& metric) {
  const auto json = reader.optional_value("q");
  if (!json) return 0.5;
  if (metric.source == Source::reading)
    json->refuse(fmt::format("{} is read once on each rank, and has no quantiles", metric.name),
                 "leave it out: the clause holds for every rank");
  const auto q = within(*json, json->number(), {0, 1, "above 0 and below 1: 0.5 is the median"});
  if (q < plan::extreme_quantile || q > 1 - plan::extreme_quantile)
    json->refuse(fmt::format("no run is long enough for quantile {}", json->json().dump()),
                 fmt::format("it must lie between {0} and 1 - {0}", plan::extreme_quantile));
  return q;
}

Across parse_across(ObjectReader& reader) {
  const auto json = reader.optional_value("across");
  if (!json) return Across::none;
  const auto chosen = json->choice({"min", "median", "min/median"});
  if (chosen == "min") return Across::min;
  return chosen == "median" ? Across::median : Across::min_over_median;
}

Relative parse_relative(const JsonValue& json) {
  auto reader = json.object();
  Relative relative;
  const auto times = reader.value("times");
  relative.times = within(times, times.number(), {0, 1e12, "a number above 0"});
  relative.metric = parse_metric(reader.value("metric"));
  relative.q = parse_quantile(reader, *relative.metric);
  relative.of = parse_selector(reader.value("of"));
  relative.across = parse_across(reader);
  reader.finish();
  if (relative.across == Across::min_over_median)
    json.refuse("min/median is a ratio, not a figure to be measured against",
                "use \"across\": \"min\" or \"median\"");
  return relative;
}

/// Figures of different pacing are different figures, whatever their names.
void check_pacing(const JsonValue& json, const Selector& of, const Selector& reference) {
  const auto ours = texts(of, "pacing");
  const auto theirs = texts(reference, "pacing");
  if (ours.empty() || theirs.empty()) return;
  if (ours == theirs && ours.size() == 1) return;
  json.refuse(fmt::format("pacing {} is compared with pacing {}", fmt::join(ours, "|"),
                          fmt::join(theirs, "|")),
              "figures of different pacing differ: name the same one in both");
}

enum class Zero { refused, allowed };

/// Of what the clause bounds. Above 0, or not below it.
double parse_figure(const JsonValue& json, const Clause& clause, Zero zero = Zero::refused) {
  const bool ratio = clause.across == Across::min_over_median;
  const double value = json.quantity(ratio ? Unit::one : clause.metric->unit);
  if (!(value > 0 || (value == 0 && zero == Zero::allowed)))
    json.refuse(fmt::format("{} bounds nothing", json.json().dump()), "give a value above 0");
  return value;
}

Bound parse_bound(const JsonValue& json, Direction direction, const Clause& clause) {
  Bound bound{direction, 0, std::nullopt};
  if (!json.is_object()) {
    const bool none = clause.metric->source == Source::reading && direction == Direction::at_most;
    bound.value = parse_figure(json, clause, none ? Zero::allowed : Zero::refused);
    return bound;
  }
  if (clause.across == Across::min_over_median)
    json.refuse("min/median is a ratio, and the bound is a figure",
                "give a plain number such as 0.95");
  bound.relative = parse_relative(json);
  for (const auto* metric : {clause.metric, bound.relative->metric})
    if (metric->source == Source::reading)
      json.refuse(fmt::format("{} is read once on each rank", metric->name),
                  "give a plain quantity as its bound");
  if (bound.relative->metric->unit != clause.metric->unit)
    json.refuse(
        fmt::format("{} is in {} and {} in {}", clause.metric->name, symbol(clause.metric->unit),
                    bound.relative->metric->name, symbol(bound.relative->metric->unit)),
        "compare figures of the same unit");
  check_pacing(json, clause.of, bound.relative->of);
  return bound;
}

Bound parse_bound(ObjectReader& reader, const Clause& clause) {
  const auto least = reader.optional_value("at_least");
  const auto most = reader.optional_value("at_most");
  if (least && most)
    most->refuse("at_least and at_most stand in one clause", "make two clauses of it");
  if (least) return parse_bound(*least, Direction::at_least, clause);
  if (most) return parse_bound(*most, Direction::at_most, clause);
  throw UsageError({reader.place().text(), "the clause has no bound",
                    "add \"at_least\" or \"at_most\" with a quantity"});
}

std::optional<Published> parse_published(ObjectReader& clause_reader, const Clause& clause) {
  auto reader = clause_reader.optional_object("published");
  if (!reader) return std::nullopt;
  Published published;
  const auto value = reader->value("value");
  if (!value.json().is_null()) published.value = parse_figure(value, clause);
  const auto source = reader->value("source");
  published.source = source.text();
  if (published.source.empty()) source.refuse("the source is empty", "say where the figure stands");
  reader->finish();
  return published;
}

Clause parse_clause(const JsonValue& json, const Rates& defaults) {
  auto reader = json.object();
  Clause clause;
  const auto id = reader.value("id");
  clause.id = id.text();
  if (clause.id.empty()) id.refuse("the id is empty", "give the clause a name");
  for (const auto reserved : implicit_clauses)
    if (clause.id == reserved)
      id.refuse(fmt::format("\"{}\" is a clause of every contract already", reserved),
                "choose another id");
  clause.description = reader.optional_text("description").value_or("");
  clause.of = parse_selector(reader.value("of"));
  clause.metric = parse_metric(reader.value("metric"));
  clause.q = parse_quantile(reader, *clause.metric);
  clause.across = parse_across(reader);
  clause.bound = parse_bound(reader, clause);
  clause.published = parse_published(reader, clause);
  const auto rates = parse_rates(reader, defaults);
  clause.guard = rates.guard;
  clause.false_accept = rates.false_accept;
  clause.false_reject = rates.false_reject;
  reader.finish();
  return clause;
}

std::vector<std::string> parse_forbidden(ObjectReader& reader) {
  const auto list = reader.value("forbidden");
  std::vector<std::string> names;
  for (const auto& entry : list.list()) {
    names.push_back(entry.text());
    if (!result::is_recorded_of_every_rank(names.back()))
      entry.refuse(fmt::format("a result does not record {} of every rank, so that nobody could "
                               "tell whether it was set",
                               entry.json().dump()),
                   "forbid what is recorded: NCCL_*, UCX_*, CUDA_* and OMPI_MCA_*, but for secrets "
                   "and the launcher's own");
  }
  if (names.empty()) list.refuse("the list is empty", "name the variables, or leave it out");
  reader.finish();
  return names;
}

InputDigests parse_files(ObjectReader reader, const JsonValue& json) {
  constexpr std::size_t digits = 64;
  InputDigests files;
  for (const auto& [name, value] : reader.rest()) {
    if (!is_kept_input(name))
      value.refuse(
          "no run keeps a file of that name",
          "write model-NAME.json, parallelism-NAME.json, routing-NAME.csv, or counts-DIGEST.csv");
    const auto digest = value.text();
    const auto hexadecimal = digest.find_first_not_of("0123456789abcdef") == digest.npos;
    if (digest.size() != digits || !hexadecimal)
      value.refuse(fmt::format("{} is no SHA-256", value.json().dump()),
                   "give the 64 digits that sha256sum prints");
    files.emplace(name, digest);
  }
  if (files.empty()) json.refuse("no file is named", "name files, or leave it out");
  return files;
}

Expects parse_expects(ObjectReader& reader) {
  Expects expects;
  if (const auto nodes = reader.optional_value("nodes")) expects.nodes = nodes->integer_at_least(1);
  if (const auto ranks = reader.optional_value("ranks_per_node"))
    expects.ranks_per_node = ranks->integer_at_least(1);
  expects.device = reader.optional_text("device");
  if (auto environment = reader.optional_object("environment"))
    expects.forbidden = parse_forbidden(*environment);
  if (const auto files = reader.optional_value("files"))
    expects.files = parse_files(files->object(), *files);
  reader.finish();
  return expects;
}

}  // namespace

Contract parse_contract(std::string_view text, std::string_view where) {
  const auto json = plan::parse_json(text, where);
  ObjectReader reader(json, {std::string(where), ""});
  plan::check_format(reader, "assay.contract", contract_schema_version);
  Contract contract;
  contract.name = reader.text("name");
  contract.description = reader.optional_text("description").value_or("");
  if (auto expects = reader.optional_object("expects")) contract.expects = parse_expects(*expects);
  const auto rates = parse_rates(reader, {});
  std::set<std::string> ids;
  for (const auto& item : reader.list("clauses")) {
    contract.clauses.push_back(parse_clause(item, rates));
    const auto& id = contract.clauses.back().id;
    if (!ids.insert(id).second)
      item.object().value("id").refuse(fmt::format("\"{}\" stands twice", id),
                                       "give each clause an id of its own");
  }
  reader.finish();
  return contract;
}

}  // namespace assay::contract

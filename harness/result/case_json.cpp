#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/core/error.hpp"
#include "harness/plan/plan.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {
namespace {

using plan::JsonValue;
using plan::ObjectReader;

/// Keys of an entry that are not the plan's.
constexpr std::string_view path_key = "path";

Json wrong_to_json(const WrongElement& wrong) {
  return {{"rank", wrong.rank},     {"host", wrong.host},         {"buffer", wrong.buffer},
          {"offset", wrong.offset}, {"expected", wrong.expected}, {"actual", wrong.actual}};
}

Json report_to_json(const VerifyReport& report) {
  Json json{{"method", report.method}, {"checked", report.checked}, {"wrong", report.wrong}};
  if (report.first) json["first"] = wrong_to_json(*report.first);
  return json;
}

Json verify_to_json(const Verification& verify) {
  Json json{{"done", verify.done}};
  if (!verify.reason.empty()) json["reason"] = verify.reason;
  json["before"] = report_to_json(verify.before);
  json["after"] = report_to_json(verify.after);
  return json;
}

Json work_to_json(const Work& work) {
  Json amount = Json::object();
  auto absent = work.absent;
  for (const auto& [name, value] : work.amount) {
    if (std::isfinite(value))
      amount[name] = value;
    else
      absent.emplace(name, "the amount is not finite");
  }
  Json json{{"amount", std::move(amount)}};
  if (!absent.empty()) json["absent"] = absent;
  return json;
}

/// One entry where all groups are alike.
Json works_to_json(const std::vector<Work>& work) {
  Json list = Json::array();
  const bool alike = std::all_of(work.begin(), work.end(),
                                 [&](const Work& other) { return other == work.front(); });
  for (const auto& entry : work) {
    list.push_back(work_to_json(entry));
    if (alike) break;
  }
  return list;
}

Json flags_to_json(const std::vector<Flag>& flags) {
  Json list = Json::array();
  for (const auto& flag : flags)
    list.push_back({{"code", flag.code}, {"group", flag.group}, {"evidence", flag.evidence}});
  return list;
}

/// Timed iterations of the group that has fewest, of those that were timed at all: a case may have
/// failed before its last round.
std::size_t fewest_iterations(const Samples& samples) {
  std::optional<std::size_t> fewest;
  for (const auto& series : samples.series)
    if (series.name == "t_max" && !series.values.empty())
      fewest = std::min(fewest.value_or(series.values.size()), series.values.size());
  return fewest.value_or(0);
}

std::uint64_t read_count(ObjectReader& reader, std::string_view key) {
  const auto value = reader.value(key);
  if (!value.json().is_number_unsigned())
    value.refuse(value.json().dump().substr(0, 40) + " is not a whole number ≥ 0", restore);
  return value.json().get<std::uint64_t>();
}

WrongElement read_wrong(ObjectReader reader) {
  WrongElement wrong;
  const auto rank = reader.value("rank");
  const auto number = rank.integer_at_least(0);
  if (number > INT32_MAX) rank.refuse(fmt::format("{} is out of range", number), restore);
  wrong.rank = static_cast<int>(number);
  wrong.host = reader.text("host");
  wrong.buffer = reader.text("buffer");
  wrong.offset = read_count(reader, "offset");
  wrong.expected = reader.text("expected");
  wrong.actual = reader.text("actual");
  reader.finish();
  return wrong;
}

VerifyReport read_report(ObjectReader reader) {
  VerifyReport report;
  report.method = reader.text("method");
  report.checked = read_count(reader, "checked");
  report.wrong = read_count(reader, "wrong");
  if (auto first = reader.optional_object("first")) report.first = read_wrong(*first);
  reader.finish();
  return report;
}

Verification read_verify(ObjectReader reader) {
  Verification verify;
  verify.done = reader.flag("done");
  verify.reason = reader.optional_text("reason").value_or("");
  verify.before = read_report(reader.object("before"));
  verify.after = read_report(reader.object("after"));
  reader.finish();
  return verify;
}

Work read_work(ObjectReader reader) {
  Work work;
  for (const auto& [key, value] : reader.object("amount").rest()) work.amount[key] = value.number();
  if (auto absent = reader.optional_object("absent"))
    for (const auto& [key, value] : absent->rest()) work.absent[key] = value.text();
  reader.finish();
  return work;
}

std::vector<Work> read_works(const JsonValue& value, std::size_t groups) {
  std::vector<Work> works;
  for (const auto& entry : value.list()) works.push_back(read_work(entry.object()));
  if (works.size() > 1 && works.size() != groups)
    value.refuse(fmt::format("{} entries where the layout has {} groups", works.size(), groups),
                 "one entry for all groups or one for each");
  return works;
}

std::vector<Flag> read_flags(ObjectReader& reader, std::size_t groups) {
  std::vector<Flag> flags;
  for (const auto& entry : reader.list("flags")) {
    auto row = entry.object();
    const auto group = row.value("group");
    const auto index = static_cast<std::uint64_t>(group.integer_at_least(0));
    if (index >= groups)
      group.refuse(fmt::format("group {} where the layout has {}", index, groups), restore);
    flags.push_back({row.text("code"), static_cast<std::size_t>(index), row.text("evidence")});
    row.finish();
  }
  return flags;
}

Status read_status(const JsonValue& value) {
  const auto text = value.choice({"measured", "skipped", "failed"});
  if (text == name(Status::skipped)) return Status::skipped;
  return text == name(Status::failed) ? Status::failed : Status::measured;
}

/// What is left when the keys of a result were taken is the plan's case.
Case read_spec(ObjectReader& reader) {
  auto spec = nlohmann::json::object();
  for (const auto& [key, value] : reader.rest()) spec[key] = value.json();
  return plan::case_from_json(spec, reader.place().text());
}

/// The stored figures and reasons must be those that the samples give.
void check_against_samples(const JsonValue& figures, const JsonValue& absent, const JsonValue& n,
                           const CaseResult& c) {
  const auto iterations = static_cast<std::uint64_t>(n.integer_at_least(0));
  if (iterations != fewest_iterations(c.samples))
    n.refuse(fmt::format("case {} says {} iterations, its samples hold {}", c.spec.id, iterations,
                         fewest_iterations(c.samples)),
             restore);
  const auto computed = figures_of(c);
  check_figures(figures, c, computed);
  for (const auto& [metric, reason] : c.absent)
    if (!computed.absent.contains(metric))
      absent.refuse(
          fmt::format("case {} states {} as absent, its samples give it", c.spec.id, metric),
          restore);
}

}  // namespace

std::string_view name(Status status) {
  constexpr std::string_view names[] = {"measured", "skipped", "failed"};
  return names[static_cast<std::size_t>(status)];
}

Json case_to_json(const CaseResult& c, const EncodedSamples& samples) {
  const auto figures = figures_of(c);
  Json entry{{"id", c.spec.id}, {"status", name(c.status)}};
  if (!c.reason.empty()) entry["reason"] = c.reason;
  const Json spec = plan::to_json(c.spec);
  for (const char* key : {"benchmark", "dims", "layout", "protocol", "optional"})
    entry[key] = spec.at(key);
  if (!c.path.empty()) entry[path_key] = c.path;
  if (!c.reduction.empty()) entry["reduction"] = c.reduction;
  entry["n"] = fewest_iterations(c.samples);
  entry["work"] = works_to_json(c.work);
  entry["notes"] = c.notes;
  entry["samples"] = samples.json;
  entry["absent"] = figures.absent;
  entry["figures"] = figures_to_json(figures);
  entry["verify"] = verify_to_json(c.verify);
  entry["flags"] = flags_to_json(c.samples.flags);
  invariant(std::isfinite(c.elapsed_s), "the elapsed time of a case is not finite");
  entry["elapsed_s"] = c.elapsed_s;
  return entry;
}

CaseResult read_case(const JsonValue& value, const ResultDocument& header, SidecarSource& sidecar) {
  auto reader = value.object();
  CaseResult c;
  c.status = read_status(reader.value("status"));
  c.reason = reader.optional_text("reason").value_or("");
  c.path = reader.optional_text(path_key).value_or("");
  c.reduction = reader.optional_text("reduction").value_or("");
  const auto n = reader.value("n"), work = reader.value("work"), samples = reader.value("samples"),
             figures = reader.value("figures"), absent = reader.value("absent");
  c.notes = read_texts(reader.object("notes"));
  c.absent = read_texts(absent.object());
  c.verify = read_verify(reader.object("verify"));
  const auto flags = reader.value("flags");
  c.elapsed_s = reader.number("elapsed_s");
  c.spec = read_spec(reader);
  const auto layout = header.layouts.find(c.spec.layout);
  if (layout == header.layouts.end())
    value.refuse(fmt::format("layout \"{}\" is not among the layouts", c.spec.layout), restore);
  const std::size_t groups = layout->second.group_count();
  c.work = read_works(work, groups);
  c.samples = decode_samples(samples, sidecar, groups, c.spec.id);
  c.samples.flags = read_flags(reader, groups);
  check_against_samples(figures, absent, n, c);
  return c;
}

}  // namespace assay::result

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <optional>

#include "harness/core/error.hpp"
#include "harness/plan/layout_json.hpp"
#include "harness/result/json_parts.hpp"

namespace assay::result {
namespace {

using plan::JsonValue;
using plan::ObjectReader;
using TextMap = std::map<std::string, std::string>;

/// More ranks than any machine has: ranges beyond it are a mistake, not a topology.
constexpr std::int64_t max_ranks = std::int64_t{1} << 24;

/// Of all layouts: a tournament of 4,096 ranks has 8.4 million.
constexpr std::int64_t max_groups = 10'000'000;

double finite(double value) {
  invariant(std::isfinite(value), "a number of the document's header is not finite");
  return value;
}

Json run_to_json(const RunInfo& run) {
  const auto& clock = run.clock;
  Json clock_json{{"source", clock.source}, {"common", clock.common}};
  if (clock.common)
    clock_json["method"] = clock.method;
  else
    clock_json["reason"] = clock.reason;
  clock_json["resolution_s"] = finite(clock.resolution_s);
  return {{"id", run.id},
          {"attempt", run.attempt},
          {"started", run.started},
          {"command", run.command},
          {"seed", run.seed},
          {"tool", run.tool},
          {"clock", std::move(clock_json)},
          {"environment", run.environment}};
}

Json host_to_json(const HostInfo& host) {
  Json bindings = Json::array();
  for (const auto& b : host.bindings)
    bindings.push_back({{"ranks", format_ranks(b.ranks)}, {"cpus", b.cpus}});
  return {{"name", host.name},
          {"partition", host.partition},
          {"ranks", format_ranks(host.ranks)},
          {"fingerprint", host.fingerprint},
          {"bindings", std::move(bindings)}};
}

std::vector<TextMap> read_text_list(ObjectReader& reader, std::string_view key) {
  std::vector<TextMap> list;
  for (const auto& entry : reader.list(key)) list.push_back(read_texts(entry.object()));
  return list;
}

std::uint64_t read_seed(const JsonValue& value) {
  if (!value.json().is_number_unsigned())
    value.refuse("the seed is not a whole number ≥ 0", restore);
  return value.json().get<std::uint64_t>();
}

Clock read_clock(ObjectReader reader) {
  Clock clock{.source = reader.text("source"), .common = reader.flag("common")};
  clock.reason = reader.optional_text("reason").value_or("");
  clock.method = reader.optional_text("method").value_or("");
  clock.resolution_s = read_positive(reader.value("resolution_s"));
  if (const auto sync = reader.optional_object("sync")) clock.sync = read_clock_sync(*sync);
  reader.finish();
  return clock;
}

RunInfo read_run(ObjectReader reader) {
  RunInfo run{.id = reader.text("id")};
  run.attempt = read_int(reader.value("attempt"), 1);
  run.started = reader.text("started");
  run.ended = reader.text("ended");
  run.complete = reader.flag("complete");
  run.reason = reader.optional_text("reason").value_or("");
  run.command = reader.text("command");
  run.seed = read_seed(reader.value("seed"));
  run.tool = read_texts(reader.object("tool"));
  run.clock = read_clock(reader.object("clock"));
  if (const auto noop = reader.optional_value("noop_s")) run.noop_s = read_positive(*noop);
  run.environment = read_texts(reader.object("environment"));
  reader.finish();
  return run;
}

PlanInfo read_plan(ObjectReader reader) {
  PlanInfo plan{.suite = reader.text("suite"), .sha256 = reader.text("sha256")};
  plan.cases = static_cast<std::size_t>(reader.value("cases").integer_at_least(0));
  plan.estimated_s = read_positive(reader.value("estimated_s"));
  if (auto inputs = reader.optional_object("inputs")) plan.inputs = read_texts(*inputs);
  reader.finish();
  return plan;
}

/// Ranges are checked before anybody expands them.
std::vector<RankRange> read_ranks(const JsonValue& value) {
  std::vector<RankRange> ranges;
  try {
    ranges = parse_ranks(value.text());
  } catch (const UsageError& error) {
    value.refuse(error.fault().what, error.fault().remedy);
  }
  std::int64_t count = 0;
  for (const auto& range : ranges)
    count += (std::int64_t{range.last} - range.first) / range.stride + 1;
  if (count > max_ranks) value.refuse(fmt::format("{} ranks are too many", count), restore);
  return ranges;
}

std::vector<Binding> read_bindings(ObjectReader& reader) {
  std::vector<Binding> bindings;
  for (const auto& entry : reader.list("bindings")) {
    auto row = entry.object();
    bindings.push_back({read_ranks(row.value("ranks")), row.text("cpus")});
    row.finish();
  }
  return bindings;
}

HostInfo read_host(ObjectReader reader, std::size_t fingerprints) {
  HostInfo host{.name = reader.text("name"), .partition = reader.text("partition")};
  host.ranks = read_ranks(reader.value("ranks"));
  const auto index = reader.value("fingerprint");
  host.fingerprint = static_cast<std::size_t>(index.integer_at_least(0));
  if (host.fingerprint >= fingerprints)
    index.refuse(fmt::format("{} is beyond the {} fingerprints", host.fingerprint, fingerprints),
                 restore);
  host.bindings = read_bindings(reader);
  reader.finish();
  return host;
}

/// Every rank from 0 on stands on exactly one host.
void check_ranks(const TopologyInfo& topology, const JsonValue& hosts) {
  std::vector<bool> seen;
  std::size_t count = 0;
  for (const auto& host : topology.hosts)
    for (const int rank : expand_ranks(host.ranks)) {
      const auto at = static_cast<std::size_t>(rank);
      if (at >= seen.size()) seen.resize(at + 1);
      if (seen[at]) hosts.refuse(fmt::format("rank {} stands twice", rank), restore);
      seen[at] = true;
      ++count;
    }
  if (count != seen.size() || count == 0)
    hosts.refuse(fmt::format("{} of {} ranks stand on a host", count, seen.size()), restore);
}

Json settings_to_json(const std::vector<SetOtherwise>& settings) {
  Json rows = Json::array();
  for (const auto& [name, value, ranks] : settings) {
    Json row{{"name", name}};
    if (value) row["value"] = *value;
    row["ranks"] = format_ranks(ranks);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<SetOtherwise> read_settings(const JsonValue& list, int ranks) {
  std::vector<SetOtherwise> settings;
  for (const auto& entry : list.list()) {
    auto row = entry.object();
    SetOtherwise setting{.name = row.text("name"), .value = row.optional_text("value")};
    const auto members = row.value("ranks");
    setting.ranks = read_ranks(members);
    for (const auto& range : setting.ranks)
      if (range.last >= ranks)
        members.refuse(
            fmt::format("rank {} is not among the {} ranks of the run", range.last, ranks),
            restore);
    row.finish();
    settings.push_back(std::move(setting));
  }
  return settings;
}

/// The first rank of a layout that the run does not have.
std::optional<int> stranger(const Layout& layout, int ranks) {
  for (const auto& round : layout.rounds)
    for (const auto& group : round.at_once)
      for (const auto& range : group.members)
        if (range.last >= ranks) return range.last;
  return std::nullopt;
}

/// A kind and a size stand for many groups: refused before any are built.
void check_sizes(const std::vector<ObjectReader::Entry>& layouts, int ranks) {
  std::int64_t groups = 0;
  for (const auto& [key, value] : layouts) {
    if (!value.is_object()) continue;
    const auto size = value.object().value("size");
    const auto count = size.integer_at_least(0);
    if (count > ranks)
      size.refuse(fmt::format("{} is more than the {} ranks of the run", count, ranks), restore);
    groups += value.object().text("kind") == "circle" ? count * (count - 1) / 2 : count;
    if (groups > max_groups) size.refuse("the layouts have too many groups", restore);
  }
}

std::map<std::string, Layout> read_layouts(ObjectReader reader, int ranks) {
  std::map<std::string, Layout> layouts;
  const auto entries = reader.rest();
  check_sizes(entries, ranks);
  for (const auto& [key, value] : entries) {
    auto layout = plan::layout_from_json(value.json(), key, value.place().text());
    if (const auto rank = stranger(layout, ranks))
      value.refuse(fmt::format("rank {} is not among the {} ranks of the run", *rank, ranks),
                   restore);
    layouts.emplace(key, std::move(layout));
  }
  return layouts;
}

std::vector<FileEntry> read_files(ObjectReader& reader) {
  std::vector<FileEntry> files;
  for (const auto& entry : reader.list("files")) {
    auto row = entry.object();
    const auto bytes = row.value("bytes").integer_at_least(0);
    files.push_back({row.text("path"), static_cast<std::uint64_t>(bytes), row.text("sha256")});
    row.finish();
  }
  return files;
}

}  // namespace

double read_positive(const JsonValue& value) {
  const double number = value.number();
  if (number < 0) value.refuse(fmt::format("{} is negative", number), restore);
  return number;
}

int read_int(const JsonValue& value, std::int64_t least) {
  const auto number = value.integer_at_least(least);
  if (number > INT32_MAX) value.refuse("the number is out of range", restore);
  return static_cast<int>(number);
}

Json clock_sync_to_json(const ClockSync& sync) {
  Json json{{"synchronisations", sync.synchronisations},
            {"least_bound_s", finite(sync.least_bound_s)},
            {"bound_s", finite(sync.bound_s)},
            {"estimate_s", finite(sync.estimate_s)},
            {"hops", sync.hops}};
  if (sync.drift) json["drift"] = finite(*sync.drift);
  json["unsteady"] = sync.unsteady;
  return json;
}

ClockSync read_clock_sync(ObjectReader reader) {
  ClockSync sync;
  sync.synchronisations = read_int(reader.value("synchronisations"), 0);
  sync.least_bound_s = read_positive(reader.value("least_bound_s"));
  sync.bound_s = read_positive(reader.value("bound_s"));
  sync.estimate_s = read_positive(reader.value("estimate_s"));
  sync.hops = read_int(reader.value("hops"), 0);
  if (const auto drift = reader.optional_value("drift")) sync.drift = read_positive(*drift);
  sync.unsteady = read_int(reader.value("unsteady"), 0);
  reader.finish();
  return sync;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view name(Provenance provenance) {
  constexpr std::string_view names[] = {"measured", "simulated", "imported"};
  return names[static_cast<std::size_t>(provenance)];
}

std::map<std::string, std::string> read_texts(ObjectReader reader) {
  TextMap texts;
  for (const auto& [key, value] : reader.rest()) texts[key] = value.text();
  return texts;
}

Json topology_to_json(const TopologyInfo& topology) {
  Json hosts = Json::array();
  for (const auto& host : topology.hosts) hosts.push_back(host_to_json(host));
  Json json{{"stated", topology.stated},
            {"hosts", std::move(hosts)},
            {"fingerprints", topology.fingerprints},
            {"devices", topology.devices}};
  if (topology.set_otherwise) json["set_otherwise"] = settings_to_json(*topology.set_otherwise);
  return json;
}

TopologyInfo read_topology(ObjectReader reader) {
  TopologyInfo topology;
  topology.stated = reader.flag("stated");
  topology.fingerprints = read_text_list(reader, "fingerprints");
  topology.devices = read_text_list(reader, "devices");
  const auto hosts = reader.value("hosts");
  for (const auto& host : hosts.list())
    topology.hosts.push_back(read_host(host.object(), topology.fingerprints.size()));
  check_ranks(topology, hosts);
  if (const auto rows = reader.optional_value("set_otherwise"))
    topology.set_otherwise = read_settings(*rows, topology.topology().ranks());
  reader.finish();
  return topology;
}

Json warnings_to_json(const std::vector<Warning>& warnings) {
  Json list = Json::array();
  for (const auto& w : warnings)
    list.push_back(
        {{"code", w.code}, {"evidence", w.evidence}, {"remedy", w.remedy}, {"where", w.where}});
  return list;
}

std::vector<Warning> read_warnings(const std::vector<JsonValue>& list) {
  std::vector<Warning> warnings;
  for (const auto& entry : list) {
    auto row = entry.object();
    warnings.push_back(
        {row.text("code"), row.text("evidence"), row.text("remedy"), row.text("where")});
    row.finish();
  }
  return warnings;
}

Json header_to_json(const ResultDocument& document, const Conduct& conduct) {
  const auto& plan = document.plan;
  Json planned{{"suite", plan.suite},
               {"sha256", plan.sha256},
               {"cases", plan.cases},
               {"estimated_s", finite(plan.estimated_s)}};
  if (!plan.inputs.empty()) planned["inputs"] = plan.inputs;
  Json layouts = Json::object();
  for (const auto& [key, layout] : document.layouts) layouts[key] = plan::layout_to_json(layout);
  return {{"format", "assay.journal"},
          {"schema_version", schema_version},
          {"provenance", name(document.provenance)},
          {"run", run_to_json(document.run)},
          {"plan", std::move(planned)},
          {"topology", topology_to_json(document.topology)},
          {"layouts", std::move(layouts)},
          {"conduct", conduct_to_json(conduct)}};
}

ResultDocument read_header(ObjectReader& reader) {
  ResultDocument document;
  const auto provenance = reader.value("provenance").choice({"measured", "simulated", "imported"});
  if (provenance == name(Provenance::simulated)) document.provenance = Provenance::simulated;
  if (provenance == name(Provenance::imported)) document.provenance = Provenance::imported;
  document.run = read_run(reader.object("run"));
  document.plan = read_plan(reader.object("plan"));
  document.topology = read_topology(reader.object("topology"));
  document.layouts = read_layouts(reader.object("layouts"), document.topology.topology().ranks());
  document.resumed = read_attempts(reader.optional_list("resumed"), document.run.attempt);
  document.warnings = read_warnings(reader.list("warnings"));
  document.files = read_files(reader);
  return document;
}

}  // namespace assay::result

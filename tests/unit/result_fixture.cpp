#include "tests/unit/result_fixture.hpp"

#include <cmath>
#include <limits>

#include "harness/plan/plan.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::test {
namespace {

using result::CaseResult;
using result::ResultDocument;
using result::Status;

Case spec(std::string id, std::string benchmark, std::string layout, std::int64_t bytes) {
  Case c;
  c.id = std::move(id);
  c.benchmark = std::move(benchmark);
  c.layout = std::move(layout);
  c.dims["bytes"] = bytes;
  c.dims["type"] = "bf16";
  c.dims["in_place"] = true;
  c.protocol.stop.quantiles = {0.05, 0.5};
  c.protocol.stop.block_length = 11;
  return c;
}

Series series(std::string name, std::size_t group, std::vector<float> values,
              Axis axis = Axis::iteration) {
  return {std::move(name), "s", axis, group, std::move(values)};
}

/// Times that no power of two or ten hides: 1/3 µs steps.
std::vector<float> times(std::size_t count, double first) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(first * (1 + static_cast<double>((i * 7) % 13) / 39)));
  return values;
}

CaseResult long_case() {
  CaseResult c{.spec = spec("c001", "all_reduce", "world", 67108864)};
  c.path = "chunked";
  c.reduction = "assay";
  c.work = {{.amount = {{"alg_bytes", 67108864.0}, {"bus_bytes", 100663296.0}}, .absent = {}}};
  c.notes = {{"actual_bytes", "67108864"}, {"rotation", "4 buffers"}};
  c.samples.series = {series("warm_up", 0, times(20, 0.02)), series("pilot", 0, times(25, 0.01)),
                      series("t_max", 0, times(44, 0.01)),
                      series("rank_p50", 0, times(4, 0.009), Axis::rank)};
  c.samples.block_length = 11;
  c.samples.flags = {{"not_stationary", 0, "d* = 31 of 44"}};
  c.absent = {{"span", "no common clock: hosts n0, n1"}, {"transfer", "no common clock"}};
  c.verify.done = true;
  c.verify.before = {33554432, 0, {}, "extra call on the timed buffers"};
  c.verify.after = {33554432, 0, {}, "timed output"};
  c.elapsed_s = 0.1 + 0.2;
  return c;
}

CaseResult short_case() {
  CaseResult c{.spec = spec("c002", "copy", "each", 8)};
  c.spec.optional = true;
  c.work = {{.amount = {{"bytes", 16.0}}, .absent = {}}};
  for (std::size_t group = 0; group < 4; ++group)
    c.samples.series.push_back(series("t_max", group, times(3 + group, 1e-7)));
  c.verify.reason = "copy is checked by the next case";
  return c;
}

CaseResult wrong_case() {
  CaseResult c{.spec = spec("c003", "all_reduce", "node", 1024)};
  c.work = {{.amount = {{"alg_bytes", 1024.0}}, .absent = {{"bus_bytes", "a group of one rank"}}},
            {.amount = {{"alg_bytes", 1024.0}, {"bus_bytes", 1024.0}}, .absent = {}}};
  c.samples.series = {series("t_max", 0, times(100, 3e-6)), series("t_max", 1, times(101, 4e-6))};
  c.verify.done = true;
  c.verify.before = {512, 3, WrongElement{2, "n1", "recv", 17, "0x1.8p+1", "nan"}, "timed output"};
  return c;
}

CaseResult unmeasured(std::string id, Status status, std::string reason) {
  CaseResult c{.spec = spec(std::move(id), "all_to_all", "pairs", 64)};
  c.status = status;
  c.reason = std::move(reason);
  return c;
}

result::TopologyInfo topology() {
  result::TopologyInfo info;
  info.stated = true;
  info.fingerprints = {{{"cpu", "AMD EPYC 9554"}}, {{"cpu", "AMD EPYC 9554"}, {"bios", "1.7"}}};
  info.devices = {{{"name", "cpu0"}}};
  info.set_otherwise = {{{"NCCL_ALGO", "Ring", {{2, 3, 1}}}, {"OMPI_MCA_btl", {}, {{3, 3, 1}}}}};
  info.hosts = {{"n0", "lease", {{0, 1, 1}}, 0, {{{{0, 1, 1}}, "0-15"}}},
                {"n1", "", {{2, 3, 1}}, 1, {{{{2, 2, 1}}, "0-7"}, {{{3, 3, 1}}, "8-15"}}}};
  return info;
}

}  // namespace

ResultDocument rich_document() {
  ResultDocument d;
  d.provenance = result::Provenance::simulated;
  d.run = {.id = "00ff", .attempt = 2, .started = "2026-01-31T12:00:00Z"};
  d.run.command = "mpirun -n 4 assay run --suite \"größe\\\n\"";
  d.run.seed = std::numeric_limits<std::uint64_t>::max();
  d.run.tool = {{"version", "0.1.0"}, {"git", "abc"}};
  d.run.clock = {"CLOCK_MONOTONIC", false, "hosts differ", 1e-9};
  d.run.environment = {{"OMPI_MCA_btl", "self,tcp"}};
  d.topology = topology();
  for (const char* name : {"world", "node", "each", "pairs"})
    d.layouts[name] = schedule::make_layout(name, d.topology.topology());
  d.cases = {long_case(), short_case(), wrong_case(),
             unmeasured("c004", Status::skipped, "all_to_all needs 3 ranks"),
             unmeasured("c005", Status::failed, "MPI_ERR_OTHER on rank 1, host n0")};
  plan::Plan plan{.suite = "rich", .seed = d.run.seed, .cases = {}, .layouts = d.layouts};
  for (const auto& c : d.cases) plan.cases.push_back(c.spec);
  d.plan = {plan.suite, result::sha256(plan::canonical(plan)), plan.cases.size(), 12.5};
  return d;
}

result::RunWriter::Ending rich_ending() {
  return {.complete = true,
          .reason = {},
          .ended = "2026-01-31T12:00:07Z",
          .warnings = {warn(WarningCode::oversubscribed, "4 ranks on 2 cores", "n0")},
          .noop_s = 1.25e-7,
          .clock = result::ClockSync{.synchronisations = 12,
                                     .least_bound_s = 1.25e-7,
                                     .bound_s = 2.5e-7,
                                     .estimate_s = 1e-8,
                                     .hops = 2,
                                     .drift = 2e-6,
                                     .unsteady = 1}};
}

void write_rich(const std::filesystem::path& folder) {
  const auto document = rich_document();
  result::RunWriter writer(folder, document);
  for (const auto& c : document.cases) writer.append(c);
  writer.finish(rich_ending());
}

void edit_result(const std::filesystem::path& folder,
                 const std::function<void(nlohmann::json&)>& change) {
  auto json = nlohmann::json::parse(slurp(folder / result::result_name));
  change(json);
  json["files"].erase(json["files"].begin());  // run.jsonl
  spill(folder / result::result_name, json.dump());
  std::filesystem::remove(folder / result::manifest_name);
  std::filesystem::remove(folder / result::journal_name);
}

}  // namespace assay::test

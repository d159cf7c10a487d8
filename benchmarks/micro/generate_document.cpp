#include "benchmarks/micro/generate_document.hpp"

#include <fmt/format.h>

#include "harness/core/topology.hpp"
#include "harness/plan/plan.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::test {
namespace {

using result::CaseResult;
using result::ResultDocument;

/// SplitMix64: the same stream on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// Bell-shaped around 1 with a relative standard deviation of 1%.
  double around_one() {
    double sum = 0;
    for (int i = 0; i < 3; ++i) sum += static_cast<double>(next() >> 11) * 0x1p-53 - 0.5;
    return 1 + 0.02 * sum;
  }

 private:
  std::uint64_t state_;
};

struct Kind {
  const char* benchmark;
  const char* layout;
  std::size_t iterations, pilot;
  std::int64_t block_length;
};

Kind kind_of(const DocumentShape& shape, std::size_t index) {
  if (index % 10 < 6) return {"all_reduce", "world", shape.world_iterations, 500, 31};
  if (index % 10 < 9) return {"all_reduce", "node", shape.node_iterations, 20, 3};
  return {"copy", "each", shape.each_iterations, 20, 1};
}

Case spec_of(const DocumentShape& shape, std::size_t index) {
  const auto kind = kind_of(shape, index);
  Case c;
  c.id = fmt::format("c{:03}", index + 1);
  c.benchmark = kind.benchmark;
  c.layout = kind.layout;
  c.dims["bytes"] = std::int64_t{8} << (index % 24);
  c.dims["repetition"] = static_cast<std::int64_t>(index / 24);
  c.dims["memory"] = "host";
  if (c.benchmark == "all_reduce") {
    c.dims["backend"] = "mpi";
    c.dims["type"] = "fp32";
    c.dims["op"] = "sum";
    c.dims["in_place"] = false;
  }
  c.protocol.pacing = Pacing::stream;
  c.protocol.pilot = static_cast<std::int64_t>(kind.pilot);
  c.protocol.stop.block_length = kind.block_length;
  c.protocol.stop.blocks = static_cast<std::int64_t>(kind.iterations) / kind.block_length;
  return c;
}

/// Values of one series, for every group alike.
struct Values {
  const char* name;
  Axis axis;
  double typical;
  std::size_t count;
};

void add_series(CaseResult& c, const Values& values, std::size_t groups, Random& random) {
  for (std::size_t group = 0; group < groups; ++group) {
    Series series{values.name, "s", values.axis, group, {}};
    series.values.reserve(values.count);
    for (std::size_t i = 0; i < values.count; ++i)
      series.values.push_back(static_cast<float>(values.typical * random.around_one()));
    c.samples.series.push_back(std::move(series));
  }
}

Work work_of(const Case& spec, std::size_t ranks) {
  const auto bytes = static_cast<double>(integer_dim(spec.dims, "bytes"));
  if (spec.benchmark == "copy") return {.amount = {{"bytes", 2 * bytes}}, .absent = {}};
  if (ranks == 1)
    return {.amount = {{"alg_bytes", bytes}}, .absent = {{"bus_bytes", "a group of one rank"}}};
  const auto n = static_cast<double>(ranks);
  return {.amount = {{"alg_bytes", bytes}, {"bus_bytes", bytes * 2 * (n - 1) / n}}, .absent = {}};
}

result::TopologyInfo topology_of(const DocumentShape& shape) {
  result::TopologyInfo topology;
  topology.fingerprints = {{{"cpu", "AMD EPYC 9554"}, {"cores", "64"}, {"mpi", "Open MPI 4.1.4"}}};
  for (int host = 0; host < shape.hosts; ++host) {
    const int first = host * shape.ranks_per_host;
    auto& info = topology.hosts.emplace_back();
    info.name = fmt::format("n{}", host);
    info.partition = "lease";
    info.ranks = {{first, first + shape.ranks_per_host - 1, 1}};
    for (int i = 0; i < shape.ranks_per_host; ++i)
      info.bindings.push_back(
          {{{first + i, first + i, 1}}, fmt::format("{}-{}", 8 * i, 8 * i + 7)});
  }
  return topology;
}

}  // namespace

ResultDocument generate_header(const DocumentShape& shape) {
  ResultDocument document;
  document.run.id = fmt::format("{:016x}", Random(shape.seed).next());
  document.run.started = "2026-01-31T12:00:00Z";
  document.run.command = "mpirun assay run --suite configs/suites/node.json";
  document.run.seed = shape.seed;
  document.run.tool = {{"version", "0.1.0"}, {"build_type", "Release"}};
  document.run.clock = {"CLOCK_MONOTONIC", false, "no common clock yet", 1e-9};
  document.topology = topology_of(shape);
  const auto topology = document.topology.topology();
  plan::Plan plan{.suite = "generated", .seed = shape.seed, .cases = {}, .layouts = {}};
  for (std::size_t i = 0; i < shape.cases; ++i) plan.cases.push_back(spec_of(shape, i));
  for (const auto& c : plan.cases)
    if (!plan.layouts.contains(c.layout))
      plan.layouts.emplace(c.layout, schedule::make_layout(c.layout, topology));
  document.layouts = plan.layouts;
  document.plan = {plan.suite, result::sha256(plan::canonical(plan)), shape.cases, 60};
  return document;
}

CaseResult generate_case(const DocumentShape& shape, const ResultDocument& header,
                         std::size_t index) {
  Random random(shape.seed + index);
  CaseResult c;
  c.spec = spec_of(shape, index);
  const auto kind = kind_of(shape, index);
  const auto& layout = header.layouts.at(c.spec.layout);
  const auto groups = layout.group_count();
  const auto ranks = layout.largest_group();
  c.path = "native";
  c.work = {work_of(c.spec, ranks)};
  c.absent["span"] = c.absent["transfer"] = "no common clock yet";
  const double typical = 2e-6 + static_cast<double>(integer_dim(c.spec.dims, "bytes")) / 20e9;
  add_series(c, {"pilot", Axis::iteration, typical, kind.pilot}, groups, random);
  add_series(c, {"t_max", Axis::iteration, typical, kind.iterations}, groups, random);
  add_series(c, {"rank_p50", Axis::rank, 0.9 * typical, ranks}, groups, random);
  c.samples.block_length = kind.block_length;
  c.verify.done = true;
  c.verify.before = {1024, 0, {}, "extra call on the timed buffers"};
  c.verify.after = {1024, 0, {}, "timed output"};
  c.elapsed_s = typical * static_cast<double>(kind.iterations);
  return c;
}

void write_document(const DocumentShape& shape, const std::filesystem::path& folder) {
  const auto header = generate_header(shape);
  result::RunWriter writer(folder, header);
  for (std::size_t i = 0; i < shape.cases; ++i) writer.append(generate_case(shape, header, i));
  writer.finish({.complete = true, .ended = "2026-01-31T12:10:00Z", .noop_s = 1e-7});
}

}  // namespace assay::test

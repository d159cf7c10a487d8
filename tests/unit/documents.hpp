// Small result documents for tests of the judge and of reports: values in, a document out.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "harness/contract/judge.hpp"
#include "harness/result/document.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::test {

/// `hosts` hosts n0, n1, … with `ranks` ranks each; the run is complete.
inline result::ResultDocument document(int hosts, int ranks) {
  result::ResultDocument d;
  d.run.complete = true;
  for (int host = 0; host < hosts; ++host) {
    result::HostInfo info;
    info.name = "n" + std::to_string(host);
    info.ranks = {{host * ranks, host * ranks + ranks - 1, 1}};
    d.topology.hosts.push_back(info);
  }
  d.topology.fingerprints = {{{"cpu", "x"}}};
  d.topology.set_otherwise.emplace();
  return d;
}

/// Deterministic noise without memory, uniform in (−1, 1).
inline double noise(std::uint64_t i) {
  i += 0x9e3779b97f4a7c15ULL;
  i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9ULL;
  i = (i ^ (i >> 27)) * 0x94d049bb133111ebULL;
  return static_cast<double>((i ^ (i >> 31)) >> 11) * 0x1p-52 - 1;
}

/// Value of iteration i of a group, in units of the metric.
using Model = std::function<double(std::size_t group, std::size_t i)>;

/// `level` in every group, with relative uniform noise of ±spread.
inline Model steady(double level, double spread = 0.01) {
  return [=](std::size_t group, std::size_t i) {
    return level * (1 + spread * noise(group * 1'000'003 + i));
  };
}

/// A case that yields one rate ("bus_bytes" of all_reduce, "bytes" of copy, "flops" of gemm), or
/// plain times for noop.
struct CaseSpec {
  std::string id = "c001";
  std::string benchmark = "all_reduce";
  std::string layout = "world";
  std::int64_t bytes = std::int64_t{1} << 30;
  Model values = steady(400e9);
  std::size_t iterations = 64;
  std::int64_t block_length = 1;  ///< 0: from the pilot
  std::size_t pilot = 20;
  Pacing pacing = Pacing::stream;
};

inline std::string amount_name(const std::string& benchmark) {
  if (benchmark == "noop") return "";
  if (benchmark == "gemm") return "flops";
  const bool moves = benchmark == "copy" || benchmark == "triad" || benchmark == "host_copy" ||
                     benchmark == "peer_copy";
  return moves ? "bytes" : "bus_bytes";
}

inline Dims dims_of(const CaseSpec& spec) {
  if (spec.benchmark == "noop") return {};
  if (spec.benchmark == "gemm")
    return {{"type", std::string("fp64")},
            {"m", std::int64_t{512}},
            {"n", std::int64_t{512}},
            {"k", std::int64_t{512}}};
  Dims dims{{"memory", std::string("host")}, {"bytes", spec.bytes}};
  if (spec.benchmark == "copy" || spec.benchmark == "triad") return dims;
  dims.insert(
      {{"backend", std::string("mpi")}, {"type", std::string("fp32")}, {"in_place", false}});
  if (spec.benchmark == "all_reduce") dims.emplace("op", std::string("sum"));
  return dims;
}

inline Series series_of(const CaseSpec& spec, std::string name, std::size_t group,
                        std::size_t first, std::size_t count) {
  const double amount = amount_name(spec.benchmark).empty() ? 0 : 1e9;
  Series series{std::move(name), "s", Axis::iteration, group, {}};
  for (std::size_t i = 0; i < count; ++i) {
    const double value = spec.values(group, first + i);
    series.values.push_back(static_cast<float>(amount > 0 ? amount / value : value));
  }
  return series;
}

/// Adds a measured and verified case; the layout is made from the document's topology.
inline result::CaseResult& add(result::ResultDocument& d, const CaseSpec& spec) {
  if (!d.layouts.contains(spec.layout))
    d.layouts[spec.layout] = schedule::make_layout(spec.layout, d.topology.topology());
  result::CaseResult c;
  c.spec.id = spec.id;
  c.spec.benchmark = spec.benchmark;
  c.spec.layout = spec.layout;
  c.spec.dims = dims_of(spec);
  c.spec.protocol.pacing = spec.pacing;
  if (spec.block_length > 0) c.spec.protocol.stop.block_length = spec.block_length;
  const auto groups = d.layouts[spec.layout].group_count();
  Work work;
  if (const auto amount = amount_name(spec.benchmark); !amount.empty()) work.amount[amount] = 1e9;
  if (amount_name(spec.benchmark) == "bus_bytes") work.amount["alg_bytes"] = 5e8;
  c.work = {work};
  for (std::size_t group = 0; group < groups; ++group)
    c.samples.series.push_back(series_of(spec, "pilot", group, 1'000'000, spec.pilot));
  for (std::size_t group = 0; group < groups; ++group)
    c.samples.series.push_back(series_of(spec, "t_max", group, 0, spec.iterations));
  c.samples.block_length = spec.block_length;
  c.verify.done = true;
  c.verify.before.checked = c.verify.after.checked = spec.benchmark == "noop" ? 0 : 1000;
  d.cases.push_back(std::move(c));
  d.plan.cases = d.cases.size();
  return d.cases.back();
}

/// A contract with these clauses (JSON, comma separated), guard 2% and 95% confidence.
inline contract::Contract contract_of(const std::string& clauses, const std::string& more = "") {
  return contract::parse_contract(
      R"({"format":"assay.contract","schema_version":"0.1.0","name":"t",)" + more +
          R"("clauses":[)" + clauses + "]}",
      "t.json");
}

/// One clause: the median busbw of all_reduce is at least `bound`.
inline std::string busbw_clause(const std::string& bound, const std::string& more = "") {
  return R"({"id":"ar","of":{"benchmark":"all_reduce"},"metric":"busbw","at_least":)" + bound +
         more + "}";
}

/// Groups of copy are even to `bound`.
inline std::string evenness(const std::string& bound) {
  return R"({"id":"even","of":{"benchmark":"copy"},"metric":"bandwidth","across":"min/median",)"
         R"("at_least":)" +
         bound + "}";
}

/// One case on two hosts of two ranks.
inline result::ResultDocument world(const CaseSpec& spec) {
  auto d = document(2, 2);
  add(d, spec);
  return d;
}

/// The finding of the last clause.
inline contract::Finding last(const contract::Contract& contract, const result::ResultDocument& d) {
  return contract::judge(contract, d).findings.back();
}

inline CaseSpec copy_each() {
  return {.id = "c002", .benchmark = "copy", .layout = "each", .values = steady(10e9)};
}

}  // namespace assay::test

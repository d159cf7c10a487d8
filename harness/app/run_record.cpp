#include "harness/app/run_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "harness/app/version.hpp"
#include "harness/core/error.hpp"
#include "harness/core/metric.hpp"
#include "harness/result/codec.hpp"
#include "harness/result/figures.hpp"
#include "harness/run/timing.hpp"

namespace assay::app {

namespace {

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

std::map<std::string, std::string> tool(const run::Inventory& inventory) {
  auto identity = build_identity();
  identity["mpi"] = inventory.mpi_library;
  identity["mpi_thread_level"] = "MPI_THREAD_SINGLE";
  return identity;
}

}  // namespace

std::string utc_now() { return result::utc_timestamp(std::chrono::system_clock::now()); }

std::string utc_stamp() {
  auto stamp = utc_now();
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

result::ResultDocument header_of(const RunOptions& options, const plan::Plan& plan,
                                 const run::Inventory& inventory) {
  result::ResultDocument document;
  auto& run = document.run;
  run.id = random_id();
  run.started = utc_now();
  run.command = options.command;
  run.seed = plan.seed;
  run.tool = tool(inventory);
  run.clock = {.source = "CLOCK_MONOTONIC",
               .common = true,
               .resolution_s = run::clock_resolution_s(),
               .method = "HCA3"};
  run.environment = inventory.environment;
  const auto inputs = result::digests_of(plan.inputs);
  document.plan = {plan.suite, result::sha256(plan::canonical(plan, inputs)), plan.cases.size(),
                   plan.estimated_s, inputs};
  document.topology = inventory.info;
  document.layouts = plan.layouts;
  return document;
}

result::Conduct conduct_of(const RunOptions& options, const plan::Plan& plan,
                           const run::Inventory& inventory, const ContractFile& contract) {
  return {.cases = plan.cases,
          .max_time_per_case_s = options.max_time_per_case_s,
          .timeout_s = options.timeout_s.value_or(default_timeout_s),
          .rotation_bytes = inventory.rotation_bytes,
          .ranks_per_node = options.ranks_per_node,
          .sync = options.sync,
          .share_gpu = options.share_gpu,
          .inputs = plan.inputs,
          .contract = contract.text,
          .warnings = inventory.warnings};
}

std::vector<std::string> case_labels(const plan::Plan& plan) {
  std::vector<std::string> labels;
  for (const auto& spec : plan.cases)
    labels.push_back(fmt::format("{} ({})", spec.id, label(spec)));
  return labels;
}

std::vector<Warning> warnings_of(const result::CaseResult& c) {
  std::vector<Warning> warnings;
  for (const auto& flag : c.samples.flags)
    for (const auto& row : warning_table)
      if (row.name == flag.code)
        warnings.push_back(
            warn(row.code, flag.evidence, fmt::format("{} ({})", c.spec.id, label(c.spec))));
  if (const auto at = c.notes.find("nccl_transport");
      at != c.notes.end() && at->second.find("sockets") != std::string::npos)
    warnings.push_back(warn(WarningCode::socket_fallback, "NCCL sent data through sockets",
                            fmt::format("{} ({})", c.spec.id, label(c.spec))));
  return warnings;
}

std::vector<Warning> warnings_of(const result::ClockSync& sync) {
  // Beyond this, span and transfer of an operation of less than 20 ms are absent.
  constexpr double useless_bound_s = 100e-6;
  std::vector<Warning> warnings;
  if (sync.unsteady > 0)
    warnings.push_back(warn(
        WarningCode::clock_unsteady,
        fmt::format("at {} of {} synchronisations the clock of a rank had been stepped, or had "
                    "changed its rate",
                    sync.unsteady, sync.synchronisations)));
  if (sync.least_bound_s > useless_bound_s)
    warnings.push_back(
        warn(WarningCode::clock_error,
             fmt::format("the common clock of the ranks was never known to better than {}",
                         format_quantity(sync.least_bound_s, Unit::second))));
  return warnings;
}

std::optional<double> median_time(const result::CaseResult& c) {
  const auto figure = result::figure_over_groups(c, *find_metric("time"));
  if (!figure) return std::nullopt;
  return figure->worst.p50;
}

void check_memory(const MemoryPerRank& memory, const run::Inventory& inventory) {
  for (const auto& host : inventory.topology.hosts) {
    const auto available = inventory.available_bytes.find(host.name);
    if (available == inventory.available_bytes.end()) continue;
    const double needed = memory.of_host() * static_cast<double>(host.ranks.size());
    if (needed > available->second)
      throw UsageError(
          {fmt::format("host {}", host.name),
           fmt::format("the largest case needs {:.1f} GiB for {} ranks and {:.1f} GiB are free",
                       needed / (1 << 30), host.ranks.size(), available->second / (1 << 30)),
           "measure smaller messages or start fewer ranks per host"});
  }
}

std::vector<std::string> refusals(const plan::Plan& plan, const Ground& ground) {
  std::vector<std::string> all;
  for (const auto& spec : plan.cases) {
    const bench::Facts facts{ground.topology, plan.layouts.at(spec.layout), ground.backends,
                             ground.no_gpu};
    const auto* benchmark = bench::find(ground.benchmarks, spec.benchmark);
    all.push_back(bench::support(*benchmark, spec, facts).reason);
  }
  return all;
}

void require_some(const plan::Plan& plan, const std::vector<std::string>& refusals) {
  std::string first;
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    if (plan.cases[i].benchmark == "noop") continue;
    if (refusals[i].empty()) return;
    if (first.empty()) first = fmt::format("{}: {}", label(plan.cases[i]), refusals[i]);
  }
  if (!first.empty())
    throw UsageError({"assay run", first, "see: assay list benchmarks, assay list backends"});
}

}  // namespace assay::app

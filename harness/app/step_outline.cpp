#include "harness/app/step_outline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "harness/app/together.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/core/units.hpp"
#include "harness/report/table.hpp"
#include "harness/schedule/step_account.hpp"
#include "harness/schedule/training/generate.hpp"
#include "harness/schedule/training/memory.hpp"
#include "harness/schedule/training/workload.hpp"

namespace assay::app {
namespace {

using training::Workload;

/// Beyond it, ranks with schedules of their own are too many to read.
constexpr std::size_t most_rows = 16;

/// Each once, however many cases there are of it; those whose cases are `wanted`.
template <class Wanted>
std::vector<const Workload*> workloads_of(const plan::Plan& plan, Wanted wanted) {
  std::vector<const Workload*> workloads;
  std::set<std::string> known;
  for (const auto& spec : plan.cases) {
    if (spec.workload == nullptr || !wanted(spec)) continue;
    const auto& [model, layout] = *spec.workload;
    if (known.insert(fmt::format("{} {} {}", model.name, layout.name, layout.dp)).second)
      workloads.push_back(spec.workload.get());
  }
  return workloads;
}

step::Account account_of(const Workload& workload) {
  return step::account_of(training::generate(workload.model, workload.layout));
}

std::string bytes(double value) { return format_quantity(value, Unit::byte); }

/// "2.524 TFLOP".
std::string flops(double value) {
  if (value == 0) return "-";
  auto text = format_quantity(value, Unit::flop_per_second);
  text.resize(text.rfind("/s"));  // computing has a unit as a rate only
  return text;
}

/// "9728 × 117.4 MB": how often, and what is sent each time, on average.
std::string traffic_text(const step::Dimension& dimension) {
  if (dimension.operations == 0) return "-";
  return fmt::format("{} × {}", dimension.operations,
                     bytes(dimension.sent_bytes / static_cast<double>(dimension.operations)));
}

std::vector<std::string> labels_of(const step::Account& account) {
  std::vector<std::string> labels;
  for (const auto& rank : account.ranks)
    for (const auto& dimension : rank.dimensions)
      if (std::find(labels.begin(), labels.end(), dimension.label) == labels.end())
        labels.push_back(dimension.label);
  return labels;
}

/// A line for each of the first ranks that do not do the same.
std::string table_of(const step::Account& account) {
  const auto labels = labels_of(account);
  std::vector<report::Column> columns;
  for (const auto* header : {"rank", "ranks", "memory", "computes"}) columns.push_back({header});
  columns.push_back({"again", report::Align::right, "-"});
  for (const auto& label : labels) columns.push_back({label + ": sent"});
  report::Table table(std::move(columns));
  for (std::size_t i = 0; i < std::min(account.ranks.size(), most_rows); ++i) {
    const auto& rank = account.ranks[i];
    std::vector<std::string> row{fmt::format("{}", rank.share.first),
                                 fmt::format("{}", rank.share.ranks), bytes(rank.memory_bytes()),
                                 flops(rank.gemm_flops + rank.attention_flops),
                                 flops(rank.repeated_flops)};
    for (const auto& label : labels) row.push_back(traffic_text(rank.dimension(label)));
    table.add(std::move(row));
  }
  auto text = table.text();
  if (account.ranks.size() > most_rows)
    text += fmt::format("and {} more kinds of ranks\n", account.ranks.size() - most_rows);
  return text;
}

std::string memory_text(const step::RankAccount& rank) {
  std::string parts;
  for (const auto& part : rank.memory)
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", part.label, bytes(part.bytes));
  return fmt::format("rank {} holds {}: {}\n", rank.share.first, bytes(rank.memory_bytes()), parts);
}

std::string outline(const Workload& workload) {
  const auto& [model, layout] = workload;
  const auto account = account_of(workload);
  const auto tokens = static_cast<double>(training::tokens_per_step(layout));
  const auto fullest = std::max_element(
      account.ranks.begin(), account.ranks.end(),
      [](const auto& a, const auto& b) { return a.memory_bytes() < b.memory_bytes(); });
  return fmt::format(
             "\n# a step of {} as {}: {}\n"
             "{:.0f} parameters, {:.0f} tokens, {} per token, {} micro-batches, ideal "
             "bubble {:.1f}%\n",
             model.name, layout.name, training::sizes_of(layout), account.parameters, tokens,
             flops(account.model_flops() / tokens), training::micro_batches(layout),
             100 * account.ideal_bubble) +
         memory_text(*fullest) + table_of(account);
}

}  // namespace

std::string step_outlines(const plan::Plan& plan) {
  std::string text;
  for (const auto* workload : workloads_of(plan, [](const Case&) { return true; }))
    text += outline(*workload);
  return text;
}

void check_steps_fit(const plan::Plan& plan, std::span<const comm::Backend> backends,
                     const run::Inventory& inventory) {
  auto least = std::numeric_limits<double>::infinity();
  for (const auto& host : inventory.topology.hosts)
    if (const auto free = inventory.available_bytes.find(host.name);
        free != inventory.available_bytes.end())
      least = std::min(least, free->second / static_cast<double>(host.ranks.size()));
  const auto on_host = [&](const Case& spec) { return !bench::needs_gpu(spec.dims, backends); };
  for (const auto* workload : workloads_of(plan, on_host))
    training::check_memory(workload->model, workload->layout, account_of(*workload), least);
}

void check_steps_fit_gpus(comm::Team& world, const plan::Plan& plan,
                          std::span<const comm::Backend> backends, const device::Gpu& gpu) {
  if (gpu.memory_bytes == 0) return;
  std::vector<double> missing{-static_cast<double>(gpu.memory_bytes)};
  world.max(missing);
  const auto on_gpus = [&](const Case& spec) { return bench::needs_gpu(spec.dims, backends); };
  on_rank_0(world, [&] {
    for (const auto* workload : workloads_of(plan, on_gpus))
      training::check_memory(workload->model, workload->layout, account_of(*workload),
                             -missing.front());
    return std::string();
  });
}

}  // namespace assay::app

#include "harness/app/planning.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/app/input_files.hpp"
#include "harness/app/requests.hpp"
#include "harness/bench/benchmark.hpp"
#include "harness/plan/layout_json.hpp"
#include "harness/result/files.hpp"

namespace assay::app {

namespace {

plan::Suite choose_suite(const RunOptions& options, const ContractFile& contract,
                         const Catalogue& catalogue) {
  if (!options.suite.empty())
    return plan::parse_suite(result::read_text(options.suite), catalogue, options.suite);
  if (!options.benchmarks.empty()) return suite_from(options, catalogue);
  return contract::needs(contract.contract, catalogue, contract.where);
}

std::string stop_text(const Protocol& protocol) {
  const auto& stop = protocol.stop;
  switch (stop.kind) {
    case StopKind::blocks:
      return fmt::format("{} blocks of {}", stop.blocks,
                         stop.block_length ? std::to_string(*stop.block_length) : "the pilot's");
    case StopKind::iterations:
      return fmt::format("{} iterations", stop.iterations);
    case StopKind::time:
      return fmt::format("{} s", stop.time_s);
    case StopKind::precision:
      return fmt::format("median within {:.3g}%", stop.precision * 100);
  }
  return {};
}

}  // namespace

plan::Plan make_plan(const RunOptions& options, const ContractFile& contract,
                     const Catalogue& catalogue, const Topology& topology) {
  auto suite = choose_suite(options, contract, catalogue);
  adjust(suite, options);
  read_inputs(suite, catalogue, configs_beside({options.suite, options.contract}));
  const bool has_noop = std::any_of(suite.requests.begin(), suite.requests.end(),
                                    [](const auto& r) { return r.benchmark == "noop"; });
  if (!has_noop) suite.requests.push_back(noop_request());
  const auto seed = options.seed.value_or(std::random_device{}());
  auto plan = plan::make_plan(suite, catalogue, topology, seed);
  check_traffic(plan);
  if (contract.given()) contract::prepare_plan(plan, contract.contract, contract.where);
  return plan;
}

std::string plan_to_text(const plan::Plan& plan) {
  nlohmann::json json{{"suite", plan.suite}, {"seed", plan.seed}, {"inputs", plan.inputs}};
  for (const auto& spec : plan.cases) json["cases"].push_back(plan::to_json(spec));
  for (const auto& [name, layout] : plan.layouts)
    json["layouts"][name] = plan::layout_to_json(layout);
  return json.dump();
}

plan::Plan plan_from_text(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  plan::Plan plan;
  plan.suite = json.at("suite").get<std::string>();
  plan.seed = json.at("seed").get<std::uint64_t>();
  for (const auto& spec : json.at("cases"))
    plan.cases.push_back(plan::case_from_json(spec, "plan of rank 0"));
  for (const auto& [name, layout] : json.at("layouts").items())
    plan.layouts[name] = plan::layout_from_json(layout, name, "plan of rank 0");
  plan.inputs = json.at("inputs").get<InputTexts>();
  plan::attach_inputs(plan);
  return plan;
}

MemoryPerRank memory_per_rank(const plan::Plan& plan, const Catalogue& catalogue,
                              std::span<const comm::Backend> backends,
                              std::uint64_t rotation_bytes) {
  constexpr double buffers = 3;  // of one case: two operands and a result
  MemoryPerRank memory;
  for (const auto& spec : plan.cases) {
    const auto* info = find_benchmark(catalogue, spec.benchmark);
    if (info == nullptr || info->memory_bytes == nullptr) continue;
    const auto ranks = static_cast<int>(plan.layouts.at(spec.layout).largest_group());
    auto& most = bench::memory_of(spec.dims, backends) == device::MemoryKind::host
                     ? memory.messages
                     : memory.gpu_messages;
    most = std::max(most, info->memory_bytes(spec, ranks));
  }
  if (memory.messages > 0) memory.rotation = buffers * static_cast<double>(rotation_bytes);
  return memory;
}

plan::Plan without(plan::Plan plan, const std::vector<std::string>& refusals) {
  std::vector<Case> kept;
  for (std::size_t i = 0; i < plan.cases.size(); ++i)
    if (refusals[i].empty()) kept.push_back(std::move(plan.cases[i]));
  plan.cases = std::move(kept);
  return plan;
}

std::string plan_table(const plan::Plan& plan, const Topology& topology,
                       const MemoryPerRank& memory, const std::vector<std::string>& refusals) {
  std::string text =
      fmt::format("{} cases on {} ranks, {} host{}, seed {}\n", plan.cases.size(), topology.ranks(),
                  topology.hosts.size(), topology.hosts.size() == 1 ? "" : "s", plan.seed);
  for (std::size_t i = 0; i < plan.cases.size(); ++i) {
    const auto& spec = plan.cases[i];
    text += fmt::format("  {:<6} {:<52} ", spec.id, label(spec));
    const auto rounds = plan.layouts.at(spec.layout).rounds.size();
    text += refusals[i].empty() ? fmt::format("{:>3} round{} {}\n", rounds, rounds == 1 ? " " : "s",
                                              stop_text(spec.protocol))
                                : fmt::format("will be skipped: {}\n", refusals[i]);
  }
  constexpr double mib = 1 << 20;
  text += fmt::format(
      "about {:.0f} s over shared memory (a network takes longer)\n"
      "up to {:.1f} MiB of memory per rank: {:.1f} MiB of buffers, {:.1f} MiB to rotate beyond the "
      "caches\n",
      plan.estimated_s, memory.of_host() / mib, memory.messages / mib, memory.rotation / mib);
  if (memory.gpu_messages > 0)
    text += fmt::format(
        "up to {:.1f} MiB of buffers per rank on its GPU, or what rotates beyond its cache\n",
        memory.gpu_messages / mib);
  return text;
}

}  // namespace assay::app

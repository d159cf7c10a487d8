#include "harness/run/gpu_devices.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/core/rank_set.hpp"

namespace assay::run {

namespace {

using Texts = std::map<std::string, std::string>;
using Number = std::optional<std::int64_t>;

/// Leaves out what nobody told.
void put(Texts& texts, const std::string& key, const std::string& value) {
  if (!value.empty()) texts[key] = value;
}

std::string pcie_text(Number generation, Number width) {
  return generation && width ? fmt::format("gen {} x{}", *generation, *width) : std::string();
}

template <class... Numbers>
std::string text_of(const char* format, const Numbers&... numbers) {
  if (!(numbers.has_value() && ...)) return {};
  return fmt::format(fmt::runtime(format), *numbers...);
}

Texts device_row(int rank, const std::string& host, const RankGpu& gpu) {
  const auto& i = gpu.inventory;
  Texts row = gpu_fingerprint(gpu);
  row["rank"] = std::to_string(rank);
  row["host"] = host;
  put(row, "uuid", i.uuid);
  put(row, "serial", i.serial);
  put(row, "bus_id", gpu.bus_id);
  put(row, "gpu_pcie_now", pcie_text(i.pcie_generation, i.pcie_width));
  put(row, "nvml", gpu.nvml_missing);
  return row;
}

/// Of the GPUs of one host: "gen 5 x16 (ranks 0-6), gen 5 x8 (rank 7)", most frequent first.
std::string spread(const std::map<std::string, std::vector<int>>& ranks_by_value) {
  std::vector<const std::pair<const std::string, std::vector<int>>*> order;
  for (const auto& entry : ranks_by_value) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.size() > b->second.size();
  });
  std::vector<std::string> parts;
  for (const auto* entry : order)
    parts.push_back(fmt::format("{} (rank{} {})", entry->first,
                                entry->second.size() == 1 ? "" : "s",
                                format_ranks(compress_ranks(entry->second))));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// What the GPUs of one host have in common, and a warning for what they have not.
struct HostGpus {
  Texts fingerprint;
  std::vector<std::string> differences;
};
HostGpus host_gpus(const std::vector<int>& ranks, std::span<const RankGpu> gpus) {
  std::map<int, Texts> prints;
  std::map<std::string, std::map<std::string, std::vector<int>>> seen;
  for (const int rank : ranks) {
    prints[rank] = gpu_fingerprint(gpus[static_cast<std::size_t>(rank)]);
    for (const auto& [key, value] : prints[rank]) seen[key];
  }
  for (auto& [key, by_value] : seen)
    for (const auto& [rank, print] : prints) {
      const auto at = print.find(key);
      by_value[at == print.end() ? "not told" : at->second].push_back(rank);
    }
  HostGpus host;
  for (const auto& [key, by_value] : seen) {
    std::vector<std::string> values;
    for (const auto& [value, some] : by_value)
      values.push_back(key == "gpu" ? fmt::format("{} × {}", some.size(), value) : value);
    host.fingerprint[key] = fmt::format("{}", fmt::join(values, ", "));
    if (by_value.size() > 1) host.differences.push_back(key + " is " + spread(by_value));
  }
  return host;
}

/// A warning for each GPU that several ranks have.
std::vector<Warning> shared(std::span<const RankGpu> gpus) {
  std::map<std::string, std::vector<int>> ranks_of;
  for (std::size_t rank = 0; rank < gpus.size(); ++rank)
    ranks_of[gpus[rank].inventory.uuid].push_back(static_cast<int>(rank));
  std::vector<Warning> warnings;
  for (const auto& [uuid, ranks] : ranks_of)
    if (ranks.size() > 1)
      warnings.push_back(
          warn(WarningCode::gpu_shared,
               "ranks " + format_ranks(compress_ranks(ranks)) + " share one GPU, " + uuid));
  return warnings;
}

}  // namespace

std::string to_text(const RankGpu& gpu) {
  return nlohmann::json{{"inventory", nlohmann::json::parse(device::to_text(gpu.inventory))},
                        {"bus_id", gpu.bus_id},
                        {"nvml_missing", gpu.nvml_missing}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

RankGpu rank_gpu_from_text(std::string_view text) {
  const auto json = nlohmann::json::parse(text);
  return {device::gpu_inventory_from_text(json.at("inventory").dump()),
          json.at("bus_id").get<std::string>(), json.at("nvml_missing").get<std::string>()};
}

Texts gpu_fingerprint(const RankGpu& gpu) {
  const auto& i = gpu.inventory;
  Texts texts;
  put(texts, "gpu", i.name);
  put(texts, "gpu_driver", i.driver);
  put(texts, "gpu_vbios", i.vbios);
  put(texts, "gpu_pcie", pcie_text(i.pcie_generation_most, i.pcie_width_most));
  put(texts, "gpu_nvlinks", text_of("{} of {} up", i.nvlinks_active, i.nvlinks));
  put(texts, "gpu_clocks", text_of("{} and {} MHz", i.sm_clock_most_mhz, i.memory_clock_most_mhz));
  put(texts, "gpu_power_limit", text_of("{} W", i.power_limit_w));
  if (i.ecc) texts["gpu_ecc"] = *i.ecc == 1 ? "on" : "off";
  return texts;
}

void add_gpus(Inventory& inventory, std::span<const RankGpu> gpus) {
  std::map<std::string, std::vector<int>> ranks_of;
  for (std::size_t rank = 0; rank < gpus.size(); ++rank)
    ranks_of[inventory.machines[rank]].push_back(static_cast<int>(rank));
  std::vector<Warning> within;
  for (const auto& [machine, ranks] : ranks_of) {
    const auto host = host_gpus(ranks, gpus);
    for (const int rank : ranks)
      for (const auto& [key, value] : host.fingerprint)
        inventory.ranks[static_cast<std::size_t>(rank)].fingerprint[key] = value;
    for (const auto& difference : host.differences)
      within.push_back(warn(WarningCode::gpus_differ, difference, "host " + machine));
  }
  for (const auto& warning : shared(gpus)) within.push_back(warning);
  describe(inventory);
  inventory.warnings.insert(inventory.warnings.end(), within.begin(), within.end());
  for (std::size_t rank = 0; rank < gpus.size(); ++rank)
    inventory.info.devices.push_back(device_row(
        static_cast<int>(rank), inventory.topology.host_name(static_cast<int>(rank)), gpus[rank]));
}

}  // namespace assay::run

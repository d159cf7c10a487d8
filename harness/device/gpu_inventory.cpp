#include "harness/device/gpu_inventory.hpp"

#include <nlohmann/json.hpp>

namespace assay::device {
namespace {

struct TextField {
  const char* name;
  std::string GpuInventory::*member;
};
constexpr TextField texts[] = {{"uuid", &GpuInventory::uuid},
                               {"name", &GpuInventory::name},
                               {"serial", &GpuInventory::serial},
                               {"vbios", &GpuInventory::vbios},
                               {"driver", &GpuInventory::driver}};

struct NumberField {
  const char* name;
  std::optional<std::int64_t> GpuInventory::*member;
};
constexpr NumberField numbers[] = {{"pcie_generation", &GpuInventory::pcie_generation},
                                   {"pcie_width", &GpuInventory::pcie_width},
                                   {"pcie_generation_most", &GpuInventory::pcie_generation_most},
                                   {"pcie_width_most", &GpuInventory::pcie_width_most},
                                   {"nvlinks", &GpuInventory::nvlinks},
                                   {"nvlinks_active", &GpuInventory::nvlinks_active},
                                   {"sm_clock_most_mhz", &GpuInventory::sm_clock_most_mhz},
                                   {"memory_clock_most_mhz", &GpuInventory::memory_clock_most_mhz},
                                   {"power_limit_w", &GpuInventory::power_limit_w},
                                   {"ecc", &GpuInventory::ecc}};

}  // namespace

std::string to_text(const GpuInventory& inventory) {
  auto json = nlohmann::json::object();
  for (const auto& [name, member] : texts)
    if (!(inventory.*member).empty()) json[name] = inventory.*member;
  for (const auto& [name, member] : numbers)
    if (inventory.*member) json[name] = *(inventory.*member);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

GpuInventory gpu_inventory_from_text(std::string_view text) {
  const auto json = nlohmann::json::parse(text);
  GpuInventory inventory;
  for (const auto& [name, member] : texts)
    if (json.contains(name)) json.at(name).get_to(inventory.*member);
  for (const auto& [name, member] : numbers)
    if (json.contains(name)) inventory.*member = json.at(name).get<std::int64_t>();
  return inventory;
}

}  // namespace assay::device

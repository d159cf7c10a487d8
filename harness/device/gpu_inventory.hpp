// What a GPU is and how it does, as the driver's management library tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::device {

/// What should be alike on all GPUs of a kind, and which one this is. Absent: not told.
struct GpuInventory {
  std::string uuid = {}, name = {}, serial = {}, vbios = {}, driver = {};
  std::optional<std::int64_t> pcie_generation = {}, pcie_width = {};  ///< now: may rest at less
  std::optional<std::int64_t> pcie_generation_most = {}, pcie_width_most = {};  ///< GPU and slot
  std::optional<std::int64_t> nvlinks = {}, nvlinks_active = {};
  std::optional<std::int64_t> sm_clock_most_mhz = {}, memory_clock_most_mhz = {};
  std::optional<std::int64_t> power_limit_w = {};
  std::optional<std::int64_t> ecc = {};  ///< 1: on

  friend bool operator==(const GpuInventory&, const GpuInventory&) = default;
};

/// One object of JSON, without what is absent, and back. Throws std::exception for other text.
std::string to_text(const GpuInventory& inventory);
GpuInventory gpu_inventory_from_text(std::string_view text);

/// A figure at one moment; those of the same name can be taken before and after a case.
struct GpuCounter {
  std::string name;  ///< "power", "ecc_uncorrected", "throttle_hw_thermal" …
  std::string unit;  ///< "W", "MHz", "C", "J"; empty: a count, or 0 and 1
  double value = 0;

  friend bool operator==(const GpuCounter&, const GpuCounter&) = default;
};

}  // namespace assay::device

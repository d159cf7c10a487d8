#include "harness/run/gpu_readings.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace assay::run {

namespace {

using Counters = std::vector<device::GpuCounter>;

enum class Kind { moment, growth };

/// The sum of all counters whose names begin so.
struct Row {
  std::string_view reading, counters;
  Kind kind;
  double scale = 1;  ///< to the base unit
};
constexpr std::array<Row, 10> rows{{{"gpu_temperature", "temperature", Kind::moment},
                                    {"gpu_power", "power", Kind::moment},
                                    {"gpu_clock", "sm_clock", Kind::moment, 1e6},
                                    {"gpu_memory_clock", "memory_clock", Kind::moment, 1e6},
                                    {"gpu_throttled", "throttle_", Kind::moment},
                                    {"rows_remapped", "rows_remapped", Kind::moment},
                                    {"row_remap_failed", "rows_remap_failed", Kind::moment},
                                    {"ecc_corrected", "ecc_corrected", Kind::growth},
                                    {"ecc_uncorrected", "ecc_uncorrected", Kind::growth},
                                    {"pcie_replays", "pcie_replays", Kind::growth}}};

std::optional<double> sum(const Counters& counters, const Row& row) {
  std::optional<double> found;
  for (const auto& counter : counters)
    if (counter.name.starts_with(row.counters))
      found = found.value_or(0) + row.scale * counter.value;
  return found;
}

}  // namespace

std::map<std::string, float> gpu_readings(const Counters& before, const Counters& after) {
  std::map<std::string, float> readings;
  for (const auto& row : rows) {
    const auto was = sum(before, row), is = sum(after, row);
    if (!was || !is) continue;
    const std::string name(row.reading);
    if (row.kind == Kind::moment) readings[name + "_before"] = static_cast<float>(*was);
    readings[name] = static_cast<float>(row.kind == Kind::moment ? *is : *is - *was);
  }
  return readings;
}

}  // namespace assay::run

#include "harness/device/nvml.hpp"

#include <dlfcn.h>

#include <array>
#include <optional>
#include <utility>

namespace assay::device {
namespace {

// What is used of nvml.h (NVML API Reference, "Device Queries"). Its functions keep their
// signatures: a changed one gets a new name.
constexpr int success = 0;
using Gpu = struct NvmlDevice*;
constexpr int clock_sm = 1, clock_memory = 2;
constexpr int temperature_gpu = 0;
constexpr int ecc_corrected = 0, ecc_uncorrected = 1, ecc_since_boot = 0;
constexpr unsigned most_nvlinks = 18;

struct ThrottleReason {
  const char* name;
  unsigned long long bit;
};
/// Those that slow a busy GPU down against its owner's will.
constexpr ThrottleReason throttle_reasons[] = {{"throttle_sw_power_cap", 0x4},
                                               {"throttle_hw_slowdown", 0x8},
                                               {"throttle_sw_thermal", 0x20},
                                               {"throttle_hw_thermal", 0x40},
                                               {"throttle_hw_power_brake", 0x80}};

using Answer = std::optional<std::int64_t>;

}  // namespace

/// The loaded library. Functions are looked up by name at each call, and may be missing.
struct Nvml::Library {
  explicit Library(void* opened) : handle(opened) {}
  ~Library() {
    if (initialised) call("nvmlShutdown");
    dlclose(handle);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  /// False where there is no such function, or it fails: unsupported, not permitted, GPU lost.
  template <class... Parameters>
  bool call(const char* function, Parameters... parameters) const {
    const auto found = reinterpret_cast<int (*)(Parameters...)>(dlsym(handle, function));
    return found != nullptr && found(parameters...) == success;
  }
  /// The number that `function` writes behind its other parameters.
  template <class Number, class... Parameters>
  Answer number(const char* function, Parameters... parameters) const {
    Number value{};
    if (!call(function, parameters..., &value)) return std::nullopt;
    return static_cast<std::int64_t>(value);
  }
  template <class... Parameters>
  std::string text(const char* function, Parameters... parameters) const {
    std::array<char, 96> buffer{};
    if (!call(function, parameters..., buffer.data(), static_cast<unsigned>(buffer.size())))
      return {};
    return std::string(buffer.data());
  }
  std::optional<Gpu> gpu(const std::string& uuid) const {
    Gpu found = nullptr;
    if (!call("nvmlDeviceGetHandleByUUID", uuid.c_str(), &found)) return std::nullopt;
    return found;
  }

  void* handle;
  bool initialised = false;
};

namespace {

using Library = Nvml::Library;

/// Links that the GPU has, whether they are up or not; none answers where it has none at all.
void add_nvlinks(const Library& nvml, Gpu gpu, GpuInventory& inventory) {
  for (unsigned link = 0; link < most_nvlinks; ++link) {
    const auto active = nvml.number<int>("nvmlDeviceGetNvLinkState", gpu, link);
    if (!active) continue;
    inventory.nvlinks = inventory.nvlinks.value_or(0) + 1;
    inventory.nvlinks_active = inventory.nvlinks_active.value_or(0) + (*active == 1 ? 1 : 0);
  }
}

Answer ecc_mode(const Library& nvml, Gpu gpu) {
  int now = 0, after_reset = 0;
  if (!nvml.call("nvmlDeviceGetEccMode", gpu, &now, &after_reset)) return std::nullopt;
  return now;
}

class Counters {
 public:
  void add(const char* name, const char* unit, Answer value, double scale = 1) {
    if (value) found_.push_back({name, unit, static_cast<double>(*value) * scale});
  }
  std::vector<GpuCounter> take() { return std::move(found_); }

 private:
  std::vector<GpuCounter> found_;
};

void add_throttling(const Library& nvml, Gpu gpu, Counters& counters) {
  const auto reasons =
      nvml.number<unsigned long long>("nvmlDeviceGetCurrentClocksThrottleReasons", gpu);
  if (!reasons) return;
  for (const auto& [name, bit] : throttle_reasons)
    counters.add(name, "", (static_cast<unsigned long long>(*reasons) & bit) != 0 ? 1 : 0);
}

void add_remapped_rows(const Library& nvml, Gpu gpu, Counters& counters) {
  unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  if (!nvml.call("nvmlDeviceGetRemappedRows", gpu, &corrected, &uncorrected, &pending, &failed))
    return;
  counters.add("rows_remapped_corrected", "", corrected);
  counters.add("rows_remapped_uncorrected", "", uncorrected);
  counters.add("rows_remap_pending", "", pending);
  counters.add("rows_remap_failed", "", failed);
}

}  // namespace

Nvml::Nvml(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    missing_ = why == nullptr ? library + " cannot be loaded" : why;
    return;
  }
  library_ = std::make_unique<Library>(handle);
  library_->initialised = library_->call("nvmlInit_v2");
  if (library_->initialised) return;
  library_.reset();
  missing_ = library + " is there but cannot be initialised: is the driver loaded?";
}

Nvml::~Nvml() = default;
Nvml::Nvml(Nvml&&) noexcept = default;
Nvml& Nvml::operator=(Nvml&&) noexcept = default;

GpuInventory Nvml::inventory(const std::string& uuid) const {
  GpuInventory found;
  found.uuid = uuid;
  const auto gpu = library_ ? library_->gpu(uuid) : std::nullopt;
  if (!gpu) return found;
  const Library& nvml = *library_;
  found.name = nvml.text("nvmlDeviceGetName", *gpu);
  found.serial = nvml.text("nvmlDeviceGetSerial", *gpu);
  found.vbios = nvml.text("nvmlDeviceGetVbiosVersion", *gpu);
  found.driver = nvml.text("nvmlSystemGetDriverVersion");
  const auto number = [&](const char* name, auto... more) {
    return nvml.number<unsigned>(name, *gpu, more...);
  };
  found.pcie_generation = number("nvmlDeviceGetCurrPcieLinkGeneration");
  found.pcie_width = number("nvmlDeviceGetCurrPcieLinkWidth");
  found.pcie_generation_most = number("nvmlDeviceGetMaxPcieLinkGeneration");
  found.pcie_width_most = number("nvmlDeviceGetMaxPcieLinkWidth");
  found.sm_clock_most_mhz = number("nvmlDeviceGetMaxClockInfo", clock_sm);
  found.memory_clock_most_mhz = number("nvmlDeviceGetMaxClockInfo", clock_memory);
  if (const auto milliwatts = number("nvmlDeviceGetEnforcedPowerLimit"))
    found.power_limit_w = *milliwatts / 1000;
  found.ecc = ecc_mode(nvml, *gpu);
  add_nvlinks(nvml, *gpu, found);
  return found;
}

std::vector<GpuCounter> Nvml::counters(const std::string& uuid) const {
  Counters found;
  const auto gpu = library_ ? library_->gpu(uuid) : std::nullopt;
  if (!gpu) return {};
  const Library& nvml = *library_;
  const auto number = [&](const char* name, auto... more) {
    return nvml.number<unsigned>(name, *gpu, more...);
  };
  const auto wide = [&](const char* name, auto... more) {
    return nvml.number<unsigned long long>(name, *gpu, more...);
  };
  found.add("sm_clock", "MHz", number("nvmlDeviceGetClockInfo", clock_sm));
  found.add("memory_clock", "MHz", number("nvmlDeviceGetClockInfo", clock_memory));
  found.add("power", "W", number("nvmlDeviceGetPowerUsage"), 1e-3);
  found.add("temperature", "C", number("nvmlDeviceGetTemperature", temperature_gpu));
  add_throttling(nvml, *gpu, found);
  found.add("pcie_replays", "", number("nvmlDeviceGetPcieReplayCounter"));
  constexpr auto errors = "nvmlDeviceGetTotalEccErrors";
  found.add("ecc_corrected", "", wide(errors, ecc_corrected, ecc_since_boot));
  found.add("ecc_uncorrected", "", wide(errors, ecc_uncorrected, ecc_since_boot));
  add_remapped_rows(nvml, *gpu, found);
  return found.take();
}

}  // namespace assay::device

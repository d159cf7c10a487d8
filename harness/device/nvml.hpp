// NVIDIA's management library, loaded at run time: a machine without it, or with an older one that
// lacks some functions, is none the worse.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/device/gpu_inventory.hpp"

namespace assay::device {

class Nvml {
 public:
  /// Loads and initialises `library`. Never throws: see missing().
  explicit Nvml(const std::string& library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(Nvml&&) noexcept;
  Nvml& operator=(Nvml&&) noexcept;

  /// Why it tells nothing at all: "libnvidia-ml.so.1: cannot open …"; empty if it does.
  const std::string& missing() const { return missing_; }

  /// What is told of the GPU with this UUID ("GPU-…", as CUDA has it); the UUID alone where
  /// nothing is. Local; milliseconds; never throws for a GPU that does not answer.
  GpuInventory inventory(const std::string& uuid) const;
  /// Clocks, power, temperature, throttle reasons, ECC errors and remapped rows now; only what is
  /// told, always in the same order. Local.
  std::vector<GpuCounter> counters(const std::string& uuid) const;

  struct Library;

 private:
  std::unique_ptr<Library> library_;
  std::string missing_;
};

}  // namespace assay::device

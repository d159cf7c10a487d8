// The GPUs of this process, whatever they are programmed with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/device/device.hpp"

namespace assay::device {

/// A GPU, as this process knows it, and who uses it.
struct Gpu {
  int rank = 0;   ///< of the world
  int index = 0;  ///< among those that this process sees
  std::string uuid = {};
  std::string name = {};
  std::string bus_id = {};  ///< "0000:3B:00.0"
  int multiprocessors = 1;
  std::uint64_t memory_bytes = 0, cache_bytes = 0;  ///< in all; of the last-level cache

  /// "rank 3, GPU 1 (NVIDIA H200, 0000:3B:00.0)".
  std::string where() const;
};

struct VisibleGpus {
  std::vector<Gpu> gpus = {};     ///< by index
  std::string none_because = {};  ///< where there are none
};

/// How this build comes by GPUs.
struct Gpus {
  /// Those that are shown to this process, which is `rank`. Local; starts no work on any of them.
  /// Never throws for want of a GPU, a driver or a build that knows them.
  VisibleGpus (*visible)(int rank) = nullptr;
  /// Makes it the current one of the calling thread, which alone uses the device. Throws RunError.
  std::unique_ptr<Device> (*open)(const Gpu& gpu) = nullptr;
};

/// Programs that link assay::gpus have it.
Gpus gpus();

}  // namespace assay::device

#include "harness/device/gpus.hpp"

#include <fmt/format.h>

namespace assay::device {

std::string Gpu::where() const {
  return fmt::format("rank {}, GPU {} ({}, {})", rank, index, name, bus_id);
}

}  // namespace assay::device

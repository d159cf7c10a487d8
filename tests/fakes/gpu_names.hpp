// The GPUs that do not exist: how many, and their names, for every double that speaks of them.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace assay::fakes {

/// ASSAY_FAKE_GPUS, 0 to 8; 2 where it is not set.
inline int gpus_from_environment() {
  const char* text = std::getenv("ASSAY_FAKE_GPUS");
  const int wanted = text == nullptr ? 2 : std::atoi(text);
  return wanted < 0 ? 0 : wanted > 8 ? 8 : wanted;
}

/// The sixteen bytes of the UUID of the GPU `index` of this host.
inline std::array<unsigned char, 16> gpu_uuid_bytes(int index) {
  std::array<unsigned char, 16> bytes{0xd0, 0xb1, 0xe0};
  bytes.back() = static_cast<unsigned char>(index);
  return bytes;
}

/// The same as it is written: "GPU-d0b1e000-0000-0000-0000-000000000003".
inline std::string gpu_uuid(int index) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "GPU-d0b1e000-0000-0000-0000-%012d", index);
  return text.data();
}

}  // namespace assay::fakes

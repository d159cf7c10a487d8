// A libnvidia-ml.so.1 for the run-time loader: what every version has. ASSAY_FAKE_GPUS GPUs.
// ASSAY_FAKE_NVML may say "no_driver": initialising fails, as where the driver is not loaded.
#include "tests/fakes/nvml/fake_nvml.hpp"

#include <cstring>
#include <string_view>

#include "tests/fakes/gpu_names.hpp"

namespace {

bool initialised = false;

}  // namespace

int assay_fake_nvml_text(const char* text, char* out, unsigned length) {
  if (std::strlen(text) >= length) return assay_fake_nvml_too_small;
  std::strcpy(out, text);
  return 0;
}

extern "C" {

int nvmlInit_v2() {
  const char* setting = std::getenv("ASSAY_FAKE_NVML");
  if (setting != nullptr && std::string_view(setting) == "no_driver")
    return assay_fake_nvml_no_driver;
  initialised = true;
  return 0;
}
int nvmlShutdown() {
  initialised = false;
  return 0;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, AssayFakeGpu* gpu) {
  if (!initialised) return assay_fake_nvml_uninitialised;
  for (int i = 0; i < assay::fakes::gpus_from_environment(); ++i) {
    if (assay::fakes::gpu_uuid(i) != uuid) continue;
    *gpu = i + 1;
    return 0;
  }
  return assay_fake_nvml_not_found;
}
int nvmlDeviceGetName(AssayFakeGpu, char* out, unsigned length) {
  return assay_fake_nvml_text("NVIDIA Double", out, length);
}
int nvmlSystemGetDriverVersion(char* out, unsigned length) {
  return assay_fake_nvml_text("580.00", out, length);
}
int nvmlDeviceGetPowerUsage(AssayFakeGpu gpu, unsigned* milliwatts) {
  *milliwatts = 100000 + 1000 * static_cast<unsigned>(gpu);
  return 0;
}
int nvmlDeviceGetCurrPcieLinkWidth(AssayFakeGpu, unsigned* width) {
  *width = 16;
  return 0;
}

}  // extern "C"

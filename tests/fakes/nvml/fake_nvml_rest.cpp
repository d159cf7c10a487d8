// The functions that an older library may lack. GPU 1 (the second) has no NVLink and no ECC, as a
// workstation's card: these are not supported there.
#include "tests/fakes/nvml/fake_nvml.hpp"

namespace {

int give(unsigned value, unsigned* out) {
  *out = value;
  return 0;
}

constexpr AssayFakeGpu without_ecc = 2;

}  // namespace

extern "C" {

int nvmlDeviceGetSerial(AssayFakeGpu gpu, char* out, unsigned length) {
  return assay_fake_nvml_text(gpu == 1 ? "1320000000001" : "1320000000002", out, length);
}
int nvmlDeviceGetVbiosVersion(AssayFakeGpu, char* out, unsigned length) {
  return assay_fake_nvml_text("96.00.00.00.01", out, length);
}
int nvmlDeviceGetCurrPcieLinkGeneration(AssayFakeGpu, unsigned* out) { return give(4, out); }
int nvmlDeviceGetMaxPcieLinkGeneration(AssayFakeGpu, unsigned* out) { return give(5, out); }
int nvmlDeviceGetMaxPcieLinkWidth(AssayFakeGpu, unsigned* out) { return give(16, out); }
int nvmlDeviceGetEnforcedPowerLimit(AssayFakeGpu, unsigned* out) { return give(700000, out); }
int nvmlDeviceGetPcieReplayCounter(AssayFakeGpu, unsigned* out) { return give(5, out); }

int nvmlDeviceGetClockInfo(AssayFakeGpu, int clock, unsigned* out) {
  return give(clock == 1 ? 1755 : 2619, out);
}
int nvmlDeviceGetMaxClockInfo(AssayFakeGpu, int clock, unsigned* out) {
  return give(clock == 1 ? 1980 : 2619, out);
}
int nvmlDeviceGetTemperature(AssayFakeGpu, int, unsigned* out) { return give(41, out); }
int nvmlDeviceGetCurrentClocksThrottleReasons(AssayFakeGpu, unsigned long long* reasons) {
  *reasons = 0x44;  // software's power cap, heat
  return 0;
}
int nvmlDeviceGetEccMode(AssayFakeGpu gpu, int* now, int* after_reset) {
  if (gpu == without_ecc) return assay_fake_nvml_not_supported;
  *now = *after_reset = 1;
  return 0;
}
int nvmlDeviceGetTotalEccErrors(AssayFakeGpu gpu, int kind, int, unsigned long long* errors) {
  if (gpu == without_ecc) return assay_fake_nvml_not_supported;
  *errors = kind == 0 ? 12 : 1;
  return 0;
}
int nvmlDeviceGetRemappedRows(AssayFakeGpu gpu, unsigned* corrected, unsigned* uncorrected,
                              unsigned* pending, unsigned* failed) {
  if (gpu == without_ecc) return assay_fake_nvml_not_supported;
  *corrected = 2;
  *uncorrected = 3;
  *pending = 1;
  *failed = 0;
  return 0;
}
/// Eighteen links, the last of which is down.
int nvmlDeviceGetNvLinkState(AssayFakeGpu gpu, unsigned link, int* active) {
  if (gpu == without_ecc) return assay_fake_nvml_not_supported;
  *active = link == 17 ? 0 : 1;
  return 0;
}

}  // extern "C"

// What the parts of the double of NVML share.
#pragma once

#include <cstdint>

/// An opaque pointer to whoever calls; here a number from 1 on.
using AssayFakeGpu = std::intptr_t;

// As nvmlReturn_t has them.
constexpr int assay_fake_nvml_uninitialised = 1, assay_fake_nvml_not_supported = 3,
              assay_fake_nvml_not_found = 6, assay_fake_nvml_too_small = 7,
              assay_fake_nvml_no_driver = 9;

/// Writes `text` as NVML does.
int assay_fake_nvml_text(const char* text, char* out, unsigned length);

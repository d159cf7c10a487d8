// Matrix products on the cores bound to this process.
#pragma once

#include <memory>

#include "harness/device/gemm.hpp"

namespace assay::device {

/// What Device::gemm() gives on the host.
std::unique_ptr<Gemm> make_host_gemm(const GemmCall& call);

}  // namespace assay::device

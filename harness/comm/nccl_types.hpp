// Element types and operators as NCCL takes them.
#pragma once

#include <nccl.h>

#include <optional>

#include "harness/core/data_type.hpp"
#include "harness/core/reduce_op.hpp"

namespace assay::comm::nccl {

/// None where this version of NCCL has none: fp8 before 2.24.
std::optional<ncclDataType_t> nccl_type(DataType type);
ncclRedOp_t nccl_op(ReduceOp op);

}  // namespace assay::comm::nccl

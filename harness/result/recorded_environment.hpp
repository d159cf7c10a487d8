// The part of the environment that belongs into a result.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace assay::result {

/// Settings of NCCL, UCX, CUDA, Slurm and Open MPI's MCA parameters. Never anything whose name
/// speaks of a secret, never the launcher's own state (addresses, job numbers, session folders).
/// Pure.
bool is_recorded(std::string_view name);

/// The same without what Slurm tells each of its tasks of itself: of these a result says where any
/// rank has it otherwise. Pure.
bool is_recorded_of_every_rank(std::string_view name);

/// Stands for a value that looks like an address with credentials.
inline constexpr std::string_view withheld = "withheld";

/// What is_recorded() lets through of `environment`: "NAME=value" strings that end with a null
/// pointer, as in environ. Pure.
std::map<std::string, std::string> recorded_environment(const char* const* environment);

}  // namespace assay::result

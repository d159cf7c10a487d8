// The part of the environment that belongs into a result.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace assay::run {

/// Settings of NCCL, UCX, CUDA, Slurm and Open MPI's MCA parameters. Never anything whose name
/// speaks of a secret, never an address with credentials, never the launcher's own state
/// (addresses, job numbers, session folders). Pure.
bool is_recorded(std::string_view name, std::string_view value);

/// What is_recorded() lets through of `environment`: "NAME=value" strings that end with a null
/// pointer, as in environ. Pure.
std::map<std::string, std::string> recorded_environment(const char* const* environment);

/// Of this process. Local.
std::map<std::string, std::string> recorded_environment();

}  // namespace assay::run

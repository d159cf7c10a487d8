#include "harness/app/launcher.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "harness/core/error.hpp"

namespace assay::app {

namespace {

std::optional<int> number(const Environment& environment, const char* name) {
  const auto it = environment.find(name);
  if (it == environment.end() || it->second.empty()) return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(it->second.c_str(), &end, 10);
  if (*end != '\0' || value < 0 || value > 1 << 30) return std::nullopt;
  return static_cast<int>(value);
}

}  // namespace

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

int launcher_rank(const Environment& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", "SLURM_PROCID"})
    if (const auto rank = number(environment, name)) return *rank;
  return 0;
}

std::optional<Promise> promised_tasks(const Environment& environment) {
  if (const auto tasks = number(environment, "OMPI_COMM_WORLD_SIZE"))
    return Promise{*tasks, "use the mpirun of the Open MPI that assay was built with"};
  if (const auto tasks = number(environment, "PMI_SIZE"))
    return Promise{*tasks, "use the launcher of the MPI that assay was built with"};
  // SLURM_NTASKS alone says nothing: mpirun inside an allocation has it too.
  if (environment.contains("SLURM_PROCID"))
    if (const auto tasks = number(environment, "SLURM_NTASKS"))
      return Promise{*tasks, "use `srun --mpi=pmix`"};
  return std::nullopt;
}

void check_world_size(const Environment& environment, int world_size) {
  const auto promise = promised_tasks(environment);
  if (promise && promise->tasks > world_size)
    throw UsageError({"launcher",
                      fmt::format("{} tasks but a world of {}", promise->tasks, world_size),
                      promise->remedy});
}

}  // namespace assay::app

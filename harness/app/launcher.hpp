// What the launcher says of itself in the environment.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace assay::app {

/// Environment as a value, so that the rules can be tested.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

/// This process's rank as the launcher numbers it, before MPI is up; 0 when not launched. Used only
/// to keep all but one process silent about a bad command line.
int launcher_rank(const Environment& environment);

/// Tasks that the launcher promises: OMPI_COMM_WORLD_SIZE, PMI_SIZE, or SLURM_NTASKS for a process
/// that is a Slurm task.
struct Promise {
  int tasks = 0;
  std::string remedy;
};
std::optional<Promise> promised_tasks(const Environment& environment);

/// Throws UsageError when the launcher promises more tasks than the world has: n independent
/// one-rank jobs print absurd figures.
void check_world_size(const Environment& environment, int world_size);

}  // namespace assay::app

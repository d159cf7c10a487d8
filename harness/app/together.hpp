// Rank 0 alone reads configuration; the others learn what it read, or that it failed.
#pragma once

#include <functional>
#include <string>

#include "harness/comm/team.hpp"
#include "harness/core/exit_code.hpp"

namespace assay::app {

/// Thrown on the ranks that have nothing to say when rank 0 has failed: leave quietly with `code`.
struct Quiet {
  ExitCode code;
};

/// Collective. `read` runs on rank 0; its text is returned on every rank. An Error there is
/// rethrown there and becomes Quiet elsewhere.
std::string on_rank_0(comm::Team& world, const std::function<std::string()>& read);

}  // namespace assay::app

// rank-N.log: what one rank knew when an incident ended the run.
#pragma once

#include <string>

#include "harness/run/incident.hpp"

namespace assay::run {

struct RankLogEntry {
  int rank = 0;
  std::string host;
  Incident incident;
  std::string position;  ///< where this rank was: describe(Position)
};

/// "2026-01-31T12:00:00Z stopped: rank 5 on …", then "rank 3 on host n1 (pid 4711) was in …".
std::string rank_log_text(const RankLogEntry& entry, const std::string& utc, int pid);

/// Appends to `folder`/rank-N.log; makes the folder on a host that lacks it (no shared folder is
/// assumed). Silent when it cannot: the process is about to leave anyway.
void append_rank_log(const std::string& folder, const RankLogEntry& entry) noexcept;

}  // namespace assay::run

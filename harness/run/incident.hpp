// Why a run ended early, as every rank learns it.
#pragma once

#include <string>
#include <vector>

namespace assay::run {

struct Incident {
  enum class Kind {
    lost,     ///< the process is gone: killed, crashed or exited
    stopped,  ///< no heartbeat: a stopped process, or a host or network that is gone
    stuck,    ///< heartbeats, but no progress
    signal,   ///< SIGTERM or SIGINT
    failed,   ///< a rank gave up: an exception
  };
  Kind kind = Kind::stuck;
  std::vector<int> ranks;  ///< missing world ranks; the one that reported for signal and failed
  /// One sentence: who is missing, on which host, where last seen, for how long.
  std::string sentence;
};

}  // namespace assay::run

// The one table of backends, and the session that a run lives in.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/comm/communicator.hpp"
#include "harness/comm/team.hpp"

namespace assay::comm {

/// A row of the table. A backend that was not built stays in the list with its reason.
struct Backend {
  std::string name;
  device::MemoryKind memory = device::MemoryKind::host;
  std::string missing;  ///< why it cannot be used; empty: it can
  std::string library;  ///< name and version as the library reports it
  /// Collective over `team`: opens a communicator of the same ranks in the same order, for data in
  /// `memory` of `device`, which outlives it.
  std::function<std::unique_ptr<Communicator>(Team& team, device::Device& device)> open;
};

/// All backends of this build. Local.
std::vector<Backend> backends();

/// The process's membership in a run: initialises the launcher's library and finalises it.
class Session {
 public:
  virtual ~Session() = default;
  virtual Team& world() = 0;
  /// "Open MPI v4.1.4, …", or "none".
  virtual std::string library() const = 0;
  /// Finalises. Collective. The session is unusable afterwards.
  virtual void close() = 0;
};

/// Collective over all processes that were launched together; a session of one without MPI.
std::unique_ptr<Session> open_session();

}  // namespace assay::comm

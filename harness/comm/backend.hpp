// The one table of backends, and the session that a run lives in.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/comm/communicator.hpp"
#include "harness/comm/team.hpp"

namespace assay::comm {

/// The ranks that are to share a communicator, and whether this one is among them.
struct Part {
  Team* team = nullptr;         ///< theirs; null: this rank is in none
  std::vector<int> ranks = {};  ///< in the team that was connected, in the order of `team`
  /// One of many that are used one after another, of two ranks at most: the library may leave its
  /// own collectives out rather than make so many communicators. Equal on all ranks.
  bool one_of_many_pairs = false;
};

/// A library that has been set up between all ranks of a run.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Collective over the team that was connected: parts are disjoint. Null where this rank is in
  /// none. What is returned may outlive the connection.
  virtual std::unique_ptr<Communicator> communicator(const Part& part) = 0;
};

/// A row of the table. A backend that was not built stays in the list with its reason.
struct Backend {
  std::string name;
  device::MemoryKind memory = device::MemoryKind::host;
  static constexpr const char* not_by_itself = "it makes no communicators that could be measured";
  std::string missing;         ///< why it cannot be used; empty: it can
  std::string no_nonblocking;  ///< why it has no nonblocking collectives; empty: it has
  /// Why collectives of two communicators must not be under way at once; empty: they may.
  std::string no_two_at_once;
  /// As Communicator::done_on_return(): the caller's clock times its launches. Else the device
  /// does, which may hold them back or record them.
  bool done_on_return = true;
  /// By BufferKind: why the library cannot be told of such buffers; empty: it can.
  std::array<std::string, 3> no_buffers{"", "its buffers are plain", "its buffers are plain"};
  /// By Making: why making communicators cannot be measured; empty: it can.
  std::array<std::string, 3> no_making{not_by_itself, not_by_itself, not_by_itself};
  std::string library;  ///< name and version as the library reports it
  /// Collective over `team`, for data in `memory` of `device`. Both outlive the connection, and
  /// `device` all communicators.
  std::function<std::unique_ptr<Connection>(Team& team, device::Device& device)> connect;
  /// Aborts all communicators that are live, from any thread, while others may hang in them: for a
  /// process that is about to leave. No thread returns from the library to its caller from then on.
  /// May itself hang. Empty: there is nothing to abort.
  std::function<void()> abort = {};
};

/// Collective over `team`: a communicator of the same ranks in the same order.
std::unique_ptr<Communicator> communicator_of_all(Connection& connection, Team& team);

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

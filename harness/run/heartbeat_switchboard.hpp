// All connections of one rank's watchdog: to its monitors, and, on a monitor, from everyone.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "harness/run/heartbeat_door.hpp"

namespace assay::run {

/// What the start-up exchange made (watchdog_rendezvous.hpp).
struct Wiring {
  int rank = 0;
  int size = 1;
  std::optional<int> deputy;
  Tokens tokens;
  Listener listener;                   ///< monitors of more than one rank only
  std::map<int, Connection> monitors;  ///< by rank, this rank's own connections to them
  bool is_monitor() const { return rank == 0 || deputy == rank; }
};

class Switchboard {
 public:
  struct Arrival {
    int rank;                    ///< the other end
    std::optional<Frame> frame;  ///< absent: newly connected, or ended
    bool ended = false;
  };

  /// Throws RunError when the system gives no epoll descriptor.
  explicit Switchboard(Wiring wiring);

  /// Sleeps until a connection ends, a monitor speaks, someone is at the door or one of `others`
  /// is readable, at most `limit_s`. Clients' heartbeats do not wake it: they wait for sweep(),
  /// so that thousands of them cost a few wake-ups per second.
  void wait(double limit_s, std::vector<int> others);
  /// What the woken connections brought, and the door.
  std::vector<Arrival> take(double now_s);
  /// take(), and everything that waits on the other connections.
  std::vector<Arrival> sweep(double now_s);

  /// To rank 0 and the deputy, where they are someone else and still there.
  void tell_monitors(const Frame& frame);
  void tell(int rank, const Frame& frame);
  void tell_all(const Frame& frame);
  /// Ends our side of the connections to the monitors: wakes them.
  void finish_with_monitors();
  /// Gives what could not be sent yet up to `limit_s`.
  void drain(double limit_s);
  /// Reads until the connection with `rank` ends, at most `limit_s`.
  void await_end(int rank, double limit_s);
  /// Monitors that are someone else and whose connection has not ended.
  std::size_t monitors_left() const;

 private:
  void watch(int rank, const Connection& connection, bool monitor);
  void collect(int rank, Connection& connection, std::vector<Arrival>& into);
  Connection* find(int rank);

  int rank_;
  std::optional<int> deputy_;
  Descriptor epoll_;
  std::optional<Door> door_;
  std::map<int, Connection> connections_;  ///< both directions: one per other rank
};

}  // namespace assay::run

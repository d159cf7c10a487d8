// A monitor's door: accepts connections and admits those that show the run's token.
#pragma once

#include <vector>

#include "harness/run/heartbeat_socket.hpp"

namespace assay::run {

class Door {
 public:
  struct Options {
    Tokens tokens;
    int rank = 0;  ///< the monitor's own, told in the welcome
    int size = 1;
    double limit_s = 2;              ///< for showing the token
    std::size_t most_waiting = 256;  ///< beyond, newcomers stay in the kernel's queue
  };
  struct Admitted {
    int rank;
    Connection connection;
  };

  Door(Listener listener, Options options);

  /// Accepts, reads, drops who is late or wrong, welcomes the others. Never blocks. A rank that
  /// gave up on a slow welcome may come again: its newest connection counts.
  std::vector<Admitted> advance(double now_s);
  /// What to wait on to be read; without the listener while there is no room.
  std::vector<int> descriptors() const;

 private:
  struct Newcomer {
    Connection connection;
    double since_s;
  };
  void accept_all(double now_s);
  bool valid(const Frame& frame) const;

  Listener listener_;
  Options options_;
  std::vector<Newcomer> waiting_;
};

}  // namespace assay::run

// SIGTERM, SIGINT and SIGCONT as bytes in a pipe.
#pragma once

#include <signal.h>

#include <array>
#include <string_view>
#include <vector>

#include "harness/run/heartbeat_socket.hpp"

namespace assay::run {

/// Catches the three signals while it lives (one at a time per process; InternalError for a
/// second), then restores what was there. The handler does nothing but write(2).
class SignalPipe {
 public:
  SignalPipe();
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  /// Becomes readable.
  int fd() const noexcept { return read_end_.get(); }
  struct Caught {
    int number = 0;
    pid_t sender = 0;  ///< 0: the kernel
  };
  /// The signals caught since the last call.
  std::vector<Caught> take();

 private:
  static constexpr std::array<int, 3> numbers = {SIGTERM, SIGINT, SIGCONT};
  Descriptor read_end_, write_end_;
  std::array<struct sigaction, 3> before_{};
};

/// "SIGTERM", "SIGINT (Ctrl-C)".
std::string_view signal_name(int number);

}  // namespace assay::run

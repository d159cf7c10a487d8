// TCP for the watchdogs: owners of sockets, non-blocking throughout.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/run/heartbeat_frame.hpp"

namespace assay::run {

/// Owner of a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_;
};

/// Where a monitor can be reached. `error` instead, where it cannot.
struct Endpoint {
  std::string place;  ///< see loopback_place()
  std::uint16_t port = 0;
  std::vector<std::string> addresses;  ///< numeric, in the kernel's order, without loopback
  std::string error;
};

/// Equal for two processes exactly if they share a loopback interface: the same boot of the same
/// kernel and the same network namespace. Host names are no evidence of that.
std::string loopback_place();

/// The addresses of this host's interfaces that are up: IPv4, and IPv6 beyond the link.
std::vector<std::string> local_addresses();

enum class Reach { loopback, network };

struct Listener {
  Descriptor socket;
  std::uint16_t port = 0;
};
/// On a port that the kernel chooses. Throws RunError with the system's reason.
Listener listen_on(Reach reach);

/// One end of a connection. Sending never blocks: what the kernel does not take waits here.
class Connection {
 public:
  explicit Connection(Descriptor socket) : socket_(std::move(socket)) {}
  int fd() const noexcept { return socket_.get(); }

  /// Queues and flushes. A heartbeat is dropped while older bytes wait: the next one says more.
  void send(const Frame& frame);
  void flush();
  bool flushed() const { return out_.empty(); }
  /// All frames that have arrived.
  std::vector<Frame> receive();
  /// Waits up to `limit_s` for the next frame only.
  std::optional<Frame> await_one(double limit_s);
  /// The other end closed, reset, or sent what is no frame. What it sent before is not lost.
  bool ended() const { return ended_; }
  /// Says that nothing will follow: the monitor wakes up at once and reads what came before.
  void finish_sending();

 private:
  void pull();

  Descriptor socket_;
  FrameReader reader_;
  std::vector<std::byte> out_;
  bool ended_ = false;
};

/// Connects to one numeric address within `limit_s`, or says why not in `error`.
struct ConnectResult {
  Descriptor socket;
  std::string error;
};
ConnectResult connect_to(const std::string& address, std::uint16_t port, double limit_s);

}  // namespace assay::run

#include "harness/run/heartbeat_socket.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <memory>

#include "harness/core/error.hpp"
#include "harness/run/watchdog_clock.hpp"

namespace assay::run {
namespace {

std::string system_text(int error) { return std::strerror(error); }

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

std::optional<Address> parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.length = sizeof *v4;
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.length = sizeof *v6;
    return address;
  }
  return std::nullopt;
}

/// Numeric text of an interface's address; empty for what another host cannot use.
std::string usable_text(const ifaddrs& entry) {
  if (entry.ifa_addr == nullptr || (entry.ifa_flags & IFF_UP) == 0 ||
      (entry.ifa_flags & IFF_LOOPBACK) != 0)
    return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (entry.ifa_addr->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(entry.ifa_addr);
    ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
  } else if (entry.ifa_addr->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr);
    if (!IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
      ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
  }
  return text.data();
}

Descriptor bound_socket(int family, Reach reach) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return socket;
  Address address;
  if (family == AF_INET6) {
    const int off = 0;
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_addr = in6addr_any;
    address.length = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(reach == Reach::loopback ? INADDR_LOOPBACK : INADDR_ANY);
    address.length = sizeof *v4;
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) !=
          0 ||
      ::listen(socket.get(), SOMAXCONN) != 0)
    socket.reset();
  return socket;
}

}  // namespace

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string loopback_place() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::array<char, PATH_MAX> text{};
  const ssize_t length = ::readlink("/proc/self/ns/net", text.data(), text.size() - 1);
  if (!boot.empty() && length > 0) return boot + " " + text.data();
  ::gethostname(text.data(), text.size() - 1);
  return text.data();
}

std::vector<std::string> local_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, ::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    std::string text = usable_text(*entry);
    if (!text.empty() && std::find(addresses.begin(), addresses.end(), text) == addresses.end())
      addresses.push_back(std::move(text));
  }
  return addresses;
}

Listener listen_on(Reach reach) {
  // One socket for both families where the kernel has IPv6.
  Listener listener;
  if (reach == Reach::network) listener.socket = bound_socket(AF_INET6, reach);
  if (!listener.socket) listener.socket = bound_socket(AF_INET, reach);
  Address address;
  address.length = sizeof address.storage;
  auto* name = reinterpret_cast<sockaddr*>(&address.storage);
  if (!listener.socket || ::getsockname(listener.socket.get(), name, &address.length) != 0)
    throw RunError({"watchdog", "cannot listen on a TCP port: " + system_text(errno), {}});
  listener.port =
      ntohs(address.storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(name)->sin6_port
                                                  : reinterpret_cast<sockaddr_in*>(name)->sin_port);
  return listener;
}

void Connection::send(const Frame& frame) {
  if (frame.kind == Frame::Kind::heartbeat && !out_.empty()) return flush();
  const auto bytes = encode(frame);
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  flush();
}

void Connection::flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t n = ::send(fd(), out_.data() + sent, out_.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      // A broken connection is noticed by receive(), after what came before it.
      if (errno != EAGAIN && errno != EWOULDBLOCK) sent = out_.size();
      break;
    }
  }
  out_.erase(out_.begin(), out_.begin() + std::ptrdiff_t(sent));
}

void Connection::pull() {
  // Bounded per call: whoever sends without end must not hold up the others.
  constexpr int most_reads = 16;
  std::array<std::byte, 4096> buffer;
  for (int read = 0; read < most_reads && !ended_; ++read) {
    const ssize_t n = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n > 0) reader_.feed(std::span(buffer).first(static_cast<std::size_t>(n)));
    ended_ = n <= 0;
  }
}

std::vector<Frame> Connection::receive() {
  pull();
  std::vector<Frame> frames;
  while (auto frame = reader_.next()) frames.push_back(std::move(*frame));
  ended_ = ended_ || reader_.garbage();
  return frames;
}

std::optional<Frame> Connection::await_one(double limit_s) {
  const double end_s = steady_now_s() + limit_s;
  while (true) {
    pull();
    if (auto frame = reader_.next()) return frame;
    ended_ = ended_ || reader_.garbage();
    if (ended_ || steady_now_s() >= end_s) return std::nullopt;
    pollfd waiting{fd(), POLLIN, 0};
    ::poll(&waiting, 1, remaining_ms(end_s));
  }
}

void Connection::finish_sending() { ::shutdown(fd(), SHUT_WR); }

ConnectResult connect_to(const std::string& address, std::uint16_t port, double limit_s) {
  const auto target = parse_address(address, port);
  if (!target) return {Descriptor(), "no numeric address"};
  Descriptor socket(
      ::socket(target->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {Descriptor(), system_text(errno)};
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* name = reinterpret_cast<const sockaddr*>(&target->storage);
  if (::connect(socket.get(), name, target->length) == 0) return {std::move(socket), {}};
  if (errno != EINPROGRESS) return {Descriptor(), system_text(errno)};
  const double end_s = steady_now_s() + limit_s;
  pollfd waiting{socket.get(), POLLOUT, 0};
  while (::poll(&waiting, 1, remaining_ms(end_s)) <= 0)
    if (steady_now_s() >= end_s) return {Descriptor(), "no answer"};
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return {Descriptor(), system_text(error)};
  return {std::move(socket), {}};
}

}  // namespace assay::run

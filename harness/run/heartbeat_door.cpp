#include "harness/run/heartbeat_door.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace assay::run {

Door::Door(Listener listener, Options options)
    : listener_(std::move(listener)), options_(options) {}

void Door::accept_all(double now_s) {
  while (waiting_.size() < options_.most_waiting) {
    // Any error (nobody there, no descriptors left) means: look again later.
    Descriptor socket(
        ::accept4(listener_.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    waiting_.push_back({Connection(std::move(socket)), now_s});
  }
}

bool Door::valid(const Frame& frame) const {
  return frame.kind == Frame::Kind::hello && same_token(frame.token, options_.tokens.client) &&
         frame.rank < options_.size;
}

std::vector<Door::Admitted> Door::advance(double now_s) {
  accept_all(now_s);
  std::vector<Admitted> admitted;
  std::vector<Newcomer> still_waiting;
  for (Newcomer& newcomer : waiting_) {
    const auto frame = newcomer.connection.await_one(0);
    if (frame && valid(*frame)) {
      Frame welcome;
      welcome.kind = Frame::Kind::welcome;
      welcome.rank = options_.rank;
      welcome.token = options_.tokens.monitor;
      newcomer.connection.send(welcome);
      admitted.push_back({frame->rank, std::move(newcomer.connection)});
    } else if (!frame && !newcomer.connection.ended() &&
               now_s - newcomer.since_s < options_.limit_s) {
      still_waiting.push_back(std::move(newcomer));
    }
  }
  waiting_ = std::move(still_waiting);
  return admitted;
}

std::vector<int> Door::descriptors() const {
  std::vector<int> fds;
  if (waiting_.size() < options_.most_waiting) fds.push_back(listener_.socket.get());
  for (const Newcomer& newcomer : waiting_) fds.push_back(newcomer.connection.fd());
  return fds;
}

}  // namespace assay::run

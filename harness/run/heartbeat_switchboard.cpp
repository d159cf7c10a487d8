#include "harness/run/heartbeat_switchboard.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "harness/core/error.hpp"
#include "harness/run/watchdog_clock.hpp"

namespace assay::run {

Switchboard::Switchboard(Wiring wiring)
    : rank_(wiring.rank),
      deputy_(wiring.deputy),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      connections_(std::move(wiring.monitors)) {
  if (!epoll_)
    throw RunError(
        {"watchdog", "cannot wait on sockets: " + std::string(std::strerror(errno)), {}});
  if (wiring.listener.socket)
    door_.emplace(std::move(wiring.listener),
                  Door::Options{.tokens = wiring.tokens, .rank = rank_, .size = wiring.size});
  for (const auto& [rank, connection] : connections_) watch(rank, connection, true);
}

void Switchboard::watch(int rank, const Connection& connection, bool monitor) {
  epoll_event event{};
  event.events = EPOLLRDHUP | EPOLLET | (monitor ? EPOLLIN : 0u);
  event.data.fd = rank;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd(), &event);
}

void Switchboard::wait(double limit_s, std::vector<int> others) {
  if (door_) {
    const auto fds = door_->descriptors();
    others.insert(others.end(), fds.begin(), fds.end());
  }
  others.push_back(epoll_.get());
  std::vector<pollfd> waiting;
  for (const int fd : others) waiting.push_back({fd, POLLIN, 0});
  ::poll(waiting.data(), waiting.size(), remaining_ms(steady_now_s() + limit_s));
}

void Switchboard::collect(int rank, Connection& connection, std::vector<Arrival>& into) {
  if (connection.ended()) return;
  for (Frame& frame : connection.receive()) into.push_back({rank, std::move(frame)});
  if (connection.ended()) into.push_back({rank, std::nullopt, true});
}

std::vector<Switchboard::Arrival> Switchboard::take(double now_s) {
  std::vector<Arrival> arrivals;
  if (door_) {
    for (auto& [rank, connection] : door_->advance(now_s)) {
      watch(rank, connection, false);
      connections_.insert_or_assign(rank, std::move(connection));
      arrivals.push_back({rank, std::nullopt});
    }
  }
  std::array<epoll_event, 64> events{};
  int count = 0;
  do {
    count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const int rank = events[static_cast<std::size_t>(i)].data.fd;
      if (Connection* connection = find(rank)) collect(rank, *connection, arrivals);
    }
  } while (count == static_cast<int>(events.size()));
  return arrivals;
}

std::vector<Switchboard::Arrival> Switchboard::sweep(double now_s) {
  auto arrivals = take(now_s);
  for (auto& [rank, connection] : connections_) {
    collect(rank, connection, arrivals);
    connection.flush();
  }
  return arrivals;
}

Connection* Switchboard::find(int rank) {
  const auto at = connections_.find(rank);
  return at == connections_.end() ? nullptr : &at->second;
}

void Switchboard::tell(int rank, const Frame& frame) {
  if (Connection* connection = find(rank)) connection->send(frame);
}

void Switchboard::tell_monitors(const Frame& frame) {
  if (rank_ != 0) tell(0, frame);
  if (deputy_ && *deputy_ != rank_) tell(*deputy_, frame);
}

void Switchboard::tell_all(const Frame& frame) {
  for (auto& [rank, connection] : connections_) connection.send(frame);
}

void Switchboard::finish_with_monitors() {
  if (Connection* first = rank_ != 0 ? find(0) : nullptr) first->finish_sending();
  if (Connection* second = deputy_ && *deputy_ != rank_ ? find(*deputy_) : nullptr)
    second->finish_sending();
}

void Switchboard::drain(double limit_s) {
  const double end_s = steady_now_s() + limit_s;
  for (auto& [rank, connection] : connections_) {
    connection.flush();
    while (!connection.flushed() && !connection.ended() && steady_now_s() < end_s) {
      pollfd waiting{connection.fd(), POLLOUT, 0};
      ::poll(&waiting, 1, remaining_ms(end_s));
      connection.flush();
    }
  }
}

void Switchboard::await_end(int rank, double limit_s) {
  const double end_s = steady_now_s() + limit_s;
  Connection* connection = find(rank);
  while (connection != nullptr && !connection->ended() && steady_now_s() < end_s)
    connection->await_one(end_s - steady_now_s());
}

std::size_t Switchboard::monitors_left() const {
  const auto there = [&](int rank) {
    const auto at = connections_.find(rank);
    return rank != rank_ && at != connections_.end() && !at->second.ended();
  };
  return std::size_t{there(0)} + std::size_t{deputy_ && there(*deputy_)};
}

}  // namespace assay::run

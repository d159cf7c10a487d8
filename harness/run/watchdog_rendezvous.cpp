#include "harness/run/watchdog_rendezvous.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "harness/core/error.hpp"
#include "harness/run/watchdog_clock.hpp"
#include "harness/run/watchdog_monitor.hpp"

namespace assay::run {
namespace {

/// A monitor holds one descriptor per rank. Returns a sentence when they cannot be had.
std::string allow_descriptors(int size) {
  const rlim_t needed = static_cast<rlim_t>(size) + 256;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= needed) return {};
  return fmt::format("its watchdog needs {} open files, but only {} are allowed; raise `ulimit -n`",
                     needed, limit.rlim_cur);
}

Endpoint open_endpoint(Listener& listener, int size, Reach reach) {
  Endpoint endpoint;
  endpoint.place = loopback_place();
  endpoint.error = allow_descriptors(size);
  if (!endpoint.error.empty()) return endpoint;
  try {
    listener = listen_on(reach);
    endpoint.port = listener.port;
    if (reach == Reach::network) endpoint.addresses = local_addresses();
  } catch (const RunError& error) {
    endpoint.error = error.fault().what;
  }
  return endpoint;
}

bool one_loopback(comm::Team& world) {
  const auto places = comm::gather_text(world, loopback_place());
  const bool same = std::all_of(places.begin(), places.end(),
                                [&](const auto& place) { return place == places.front(); });
  return comm::broadcast_value<std::uint8_t>(world, same ? 1 : 0) != 0;
}

void refuse_error(const Meeting& meeting, int rank, const Endpoint& endpoint) {
  if (endpoint.error.empty()) return;
  throw RunError(
      {fmt::format("rank {} on host {}", rank, meeting.host_names[static_cast<std::size_t>(rank)]),
       endpoint.error,
       {}});
}

std::vector<std::string> addresses_to_try(const Endpoint& endpoint) {
  std::vector<std::string> addresses;
  if (endpoint.place == loopback_place()) addresses.emplace_back("127.0.0.1");
  addresses.insert(addresses.end(), endpoint.addresses.begin(), endpoint.addresses.end());
  return addresses;
}

/// A welcomed connection, or why there is none.
struct Attempt {
  std::optional<Connection> connection;
  std::string error;
};

Attempt knock(const Meeting& meeting, const std::string& address, std::uint16_t port) {
  // Short: an address of another network may never answer. The welcome may take longer, as the
  // monitor may be starting up.
  constexpr double connect_limit_s = 2, welcome_limit_s = 5;
  ConnectResult result = connect_to(address, port, connect_limit_s);
  if (!result.socket) return {std::nullopt, result.error};
  Connection connection(std::move(result.socket));
  Frame hello;
  hello.kind = Frame::Kind::hello;
  hello.rank = meeting.rank;
  hello.token = meeting.tokens.client;
  connection.send(hello);
  const auto welcome = connection.await_one(welcome_limit_s);
  if (welcome && welcome->kind == Frame::Kind::welcome &&
      same_token(welcome->token, meeting.tokens.monitor))
    return {std::move(connection), {}};
  return {std::nullopt, "no welcome"};
}

}  // namespace

std::string encode(const Endpoint& endpoint) {
  return fmt::format("{}\n{}\n{}\n{}", endpoint.place, endpoint.port, endpoint.error,
                     fmt::join(endpoint.addresses, "\n"));
}

Endpoint decode_endpoint(const std::string& text) {
  Endpoint endpoint;
  std::istringstream lines(text);
  std::getline(lines, endpoint.place);
  std::string line;
  std::getline(lines, line);
  endpoint.port = static_cast<std::uint16_t>(std::strtoul(line.c_str(), nullptr, 10));
  std::getline(lines, endpoint.error);
  while (std::getline(lines, line))
    if (!line.empty()) endpoint.addresses.push_back(line);
  return endpoint;
}

Meeting meet(comm::Team& world, const std::vector<std::string>& host_names) {
  Meeting meeting;
  meeting.rank = world.rank();
  meeting.host_names = host_names;
  meeting.deputy = deputy_of(host_names);
  if (!meeting.deputy) return meeting;
  const Reach reach = one_loopback(world) ? Reach::loopback : Reach::network;
  std::string mine;
  if (world.rank() == 0 || world.rank() == *meeting.deputy)
    mine = encode(open_endpoint(meeting.listener, world.size(), reach));
  auto all = comm::gather_text(world, mine);
  all.resize(static_cast<std::size_t>(world.size()));
  const auto deputy = static_cast<std::size_t>(*meeting.deputy);
  meeting.first = decode_endpoint(comm::broadcast_text(world, all.front()));
  meeting.second = decode_endpoint(comm::broadcast_text(world, all[deputy]));
  meeting.tokens = comm::broadcast_value(
      world, world.rank() == 0 ? Tokens{random_token(), random_token()} : Tokens{});
  refuse_error(meeting, 0, meeting.first);
  refuse_error(meeting, *meeting.deputy, meeting.second);
  return meeting;
}

Connection connect_to_monitor(const Meeting& meeting, int monitor, double limit_s) {
  const Endpoint& endpoint = monitor == 0 ? meeting.first : meeting.second;
  const auto addresses = addresses_to_try(endpoint);
  const double end_s = steady_now_s() + limit_s;
  std::string error = "no address";
  do {
    for (const std::string& address : addresses) {
      Attempt attempt = knock(meeting, address, endpoint.port);
      if (attempt.connection) return std::move(*attempt.connection);
      error = attempt.error;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  } while (!addresses.empty() && steady_now_s() < end_s);
  const auto host = [&](int rank) { return meeting.host_names[static_cast<std::size_t>(rank)]; };
  throw RunError(
      {fmt::format("rank {} on host {}", meeting.rank, host(meeting.rank)),
       fmt::format("cannot reach the watchdog of rank {} on host {} at {} port {}: {}", monitor,
                   host(monitor), fmt::join(addresses, ", "), endpoint.port, error),
       "allow TCP between the hosts of the run"});
}

}  // namespace assay::run

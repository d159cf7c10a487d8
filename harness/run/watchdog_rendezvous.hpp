// The start-up exchange of the watchdogs: who monitors, where they listen, the run's tokens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/comm/team.hpp"
#include "harness/run/heartbeat_switchboard.hpp"

namespace assay::run {

/// What every rank knows after the exchange.
struct Meeting {
  int rank = 0;
  std::vector<std::string> host_names;  ///< by world rank
  std::optional<int> deputy;
  Tokens tokens;
  Endpoint first;   ///< of rank 0
  Endpoint second;  ///< of the deputy
  Listener listener;
};

/// Opens the monitors' listeners (on loopback alone when all ranks share it) and tells everyone.
/// Collective. Throws the same RunError on every rank when a monitor cannot listen.
Meeting meet(comm::Team& world, const std::vector<std::string>& host_names);

/// Connects to one monitor, trying each of its addresses until one welcomes us, for at most
/// `limit_s`. Local. Throws RunError naming both ranks, the addresses and the reason.
Connection connect_to_monitor(const Meeting& meeting, int monitor, double limit_s);

/// Text form for the exchange, and back.
std::string encode(const Endpoint& endpoint);
Endpoint decode_endpoint(const std::string& text);

}  // namespace assay::run

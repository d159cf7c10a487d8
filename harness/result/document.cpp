#include "harness/result/document.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/result/codec.hpp"

namespace assay::result {

Topology TopologyInfo::topology() const {
  Topology topology;
  for (const auto& host : hosts) topology.hosts.push_back({host.name, expand_ranks(host.ranks)});
  return topology;
}

std::string utc_timestamp(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

}  // namespace assay::result

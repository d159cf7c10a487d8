#include "harness/bench/step_graph.hpp"

namespace assay::bench {

StepGraph::StepGraph(const Place& place, std::span<comm::Communicator* const> communicators,
                     const TileSizes& sizes)
    : schedule_(place.job.schedules.at(schedule_of(place.job, place.rank))),
      streams_(place.job.streams.size()),
      memory_(schedule_, place.device),
      tiles_(schedule_, memory_, place.device, sizes),
      exchanges_(schedule_, memory_, communicators),
      nodes_(schedule_.operations.size()) {
  resolve(place.streams);
  follow();
}

/// A product is made on the stream that it will be launched on, whose memory it works in.
void StepGraph::resolve(device::Streams* streams) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& operation = schedule_.operations[i];
    nodes_[i].stream = operation.stream;
    if (streams != nullptr) streams->use(operation.stream);
    if (group_of(schedule_.works[operation.work]))
      nodes_[i].bound = exchanges_.add(i);
    else
      nodes_[i].tiles = tiles_.add(i);
  }
  if (streams != nullptr) streams->use_own();
}

/// Who waits for whom: for its dependencies, and for the one before in its stream.
void StepGraph::follow() {
  constexpr std::uint32_t none = ~std::uint32_t{0};
  std::vector<std::vector<std::uint32_t>> followers(nodes_.size());
  std::vector<std::uint32_t> latest(streams_, none);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    auto after = schedule_.operations[i].after;
    auto& before = latest[nodes_[i].stream];
    if (before != none) after.push_back(before);
    before = i;
    nodes_[i].waits = static_cast<std::uint32_t>(after.size());
    for (const auto other : after) followers[other].push_back(i);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].first_follower = static_cast<std::uint32_t>(followers_.size());
    followers_.insert(followers_.end(), followers[i].begin(), followers[i].end());
    nodes_[i].last_follower = static_cast<std::uint32_t>(followers_.size());
  }
}

void StepGraph::check() const {
  tiles_.check();
  exchanges_.check();
}

}  // namespace assay::bench

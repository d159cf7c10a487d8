// A step as one rank carries it out: its operations resolved, and who waits for whom.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/bench/step_exchanges.hpp"
#include "harness/bench/step_tiles.hpp"

namespace assay::bench {

/// What of a step a launch carries out; the rest is complete as soon as it could begin.
enum class StepPart { whole, compute, communication };

/// Not movable: parts refer to each other.
class StepGraph {
 public:
  struct Node {
    std::uint16_t stream = 0;
    std::uint32_t waits = 0;  ///< operations that must be complete before
    std::uint32_t first_follower = 0, last_follower = 0;
    TileRange tiles{};
    Bound bound{};  ///< no exchange: it is local

    bool is_local() const { return bound.exchange == nullptr; }
    bool is_of(StepPart part) const {
      return part == StepPart::whole || is_local() == (part == StepPart::compute);
    }
  };

  /// Of one rank in a job, for a device; streams of it, as many as the job has, or null. All
  /// outlive it but the job.
  struct Place {
    const step::Job& job;
    int rank = 0;
    device::Device& device;
    device::Streams* streams = nullptr;
  };
  /// As StepExecutor.
  StepGraph(const Place& place, std::span<comm::Communicator* const> communicators,
            const TileSizes& sizes);
  StepGraph(const StepGraph&) = delete;
  StepGraph& operator=(const StepGraph&) = delete;

  std::size_t size() const { return nodes_.size(); }
  std::size_t streams() const { return streams_; }
  const Node& operator[](std::size_t index) const { return nodes_[index]; }
  /// Who waits for the operation, that behind it in its stream, too.
  std::span<const std::uint32_t> followers(const Node& node) const {
    return std::span(followers_)
        .subspan(node.first_follower, node.last_follower - node.first_follower);
  }
  const step::Schedule& schedule() const { return schedule_; }
  StepMemory& memory() { return memory_; }
  const StepMemory& memory() const { return memory_; }
  StepTiles& tiles() { return tiles_; }
  StepExchanges& exchanges() { return exchanges_; }
  /// Throws RunError.
  void check() const;

 private:
  void resolve(device::Streams* streams);
  void follow();

  step::Schedule schedule_;
  std::size_t streams_;
  StepMemory memory_;
  StepTiles tiles_;
  StepExchanges exchanges_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> followers_;
};

}  // namespace assay::bench

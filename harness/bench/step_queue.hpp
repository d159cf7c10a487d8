// A step on a device whose work is only enqueued: the host gives it all operations in the order in
// which they are issued, each on a stream of its own, and events between streams do the waiting.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/bench/step_graph.hpp"
#include "harness/device/streams.hpp"
#include "harness/schedule/step_timeline.hpp"

namespace assay::bench {

class StepQueue {
 public:
  /// Both outlive it; `streams` has as many as the graph, and events for its operations.
  StepQueue(StepGraph& graph, device::Streams& streams);

  /// When each operation begins and ends, and the step.
  static std::size_t events_for(std::size_t operations) { return 2 * operations + 2; }

  /// All of it leaves the device's own stream and comes back to it, so that what times that stream,
  /// holds it back or records it has the step. Of what is no part of `part` only the place is kept.
  void enqueue(StepPart part) noexcept;
  /// One operation for which nothing has to be waited for, with what it sends.
  void enqueue(std::uint32_t index, const std::byte* send) noexcept;
  /// Whether the device has done it.
  bool done(std::uint32_t index) noexcept { return streams_.happened(end_of(index)); }

  struct Readings {
    std::span<std::int64_t> begin_ns, end_ns;
  };
  /// Of the last step, which the device has done; it began at `launched_ns`. Throws RunError.
  step::Period read(std::int64_t launched_ns, const Readings& into) const;
  /// Throws RunError.
  void check() const { streams_.check(); }

 private:
  static std::size_t begin_of(std::size_t index) { return 2 * index; }
  static std::size_t end_of(std::size_t index) { return 2 * index + 1; }
  std::size_t step_begin() const { return 2 * graph_.size(); }
  std::size_t step_end() const { return step_begin() + 1; }
  void carry_out(const StepGraph::Node& node, const std::byte* send) noexcept;

  StepGraph& graph_;
  device::Streams& streams_;
  struct Last {
    std::uint16_t stream = 0;
    std::size_t operation = 0;
  };
  std::vector<Last> last_;  ///< of each stream that is used
};

}  // namespace assay::bench

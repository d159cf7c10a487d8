#include "harness/bench/step_queue.hpp"

#include <cmath>
#include <optional>

namespace assay::bench {

StepQueue::StepQueue(StepGraph& graph, device::Streams& streams)
    : graph_(graph), streams_(streams) {
  std::vector<std::optional<std::size_t>> last(graph.streams());
  for (std::size_t i = 0; i < graph.size(); ++i) last[graph[i].stream] = i;
  for (std::size_t stream = 0; stream < last.size(); ++stream)
    if (last[stream]) last_.push_back({static_cast<std::uint16_t>(stream), *last[stream]});
}

void StepQueue::carry_out(const StepGraph::Node& node, const std::byte* send) noexcept {
  if (!node.is_local()) return node.bound.exchange->start(send, node.bound.recv);
  for (auto i = node.tiles.first; i < node.tiles.last; ++i) graph_.tiles().run(i);
}

void StepQueue::enqueue(StepPart part) noexcept {
  streams_.use_own();
  streams_.record(step_begin());
  for (const auto& last : last_) {
    streams_.use(last.stream);
    streams_.wait_for(step_begin());
  }
  const auto& operations = graph_.schedule().operations;
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    const auto& node = graph_[i];
    streams_.use(node.stream);
    for (const auto other : operations[i].after)
      if (graph_[other].stream != node.stream) streams_.wait_for(end_of(other));
    streams_.record(begin_of(i));
    if (node.is_of(part)) carry_out(node, node.bound.send);
    streams_.record(end_of(i));
  }
  streams_.use_own();
  for (const auto& last : last_) streams_.wait_for(end_of(last.operation));
  streams_.record(step_end());
}

void StepQueue::enqueue(std::uint32_t index, const std::byte* send) noexcept {
  streams_.use(graph_[index].stream);
  carry_out(graph_[index], send);
  streams_.record(end_of(index));
  streams_.use_own();
}

step::Period StepQueue::read(std::int64_t launched_ns, const Readings& into) const {
  const auto at = [&](std::size_t event) {
    return launched_ns + std::llround(streams_.seconds(step_begin(), event) * 1e9);
  };
  for (std::size_t i = 0; i < graph_.size(); ++i) {
    into.begin_ns[i] = at(begin_of(i));
    into.end_ns[i] = at(end_of(i));
  }
  return {launched_ns, at(step_end())};
}

}  // namespace assay::bench

#include "tests/fakes/cuda/capture.hpp"

#include <atomic>
#include <thread>

namespace assay::fakes::cuda {

void Graph::run() const {
  std::vector<std::atomic<bool>> done(nodes_.size());
  const auto run_lane = [&](const std::vector<std::size_t>& lane) {
    for (const auto index : lane) {
      for (const auto before : nodes_[index].after) done[before].wait(false);
      nodes_[index].work();
      done[index] = true;
      done[index].notify_all();
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < lanes_.size(); ++i)
    others.emplace_back([&, i] { run_lane(lanes_[i]); });
  if (!lanes_.empty()) run_lane(lanes_.front());
}

void Capture::add(cudaStream_t stream, Work work) {
  auto& end = ends_[stream];
  lanes_[stream].push_back(nodes_.size());
  nodes_.push_back({std::move(work), end});
  end = {nodes_.size() - 1};
}

void Capture::wait(cudaStream_t stream, const Place& place) {
  ends_[stream].insert(place.begin(), place.end());
}

bool Capture::is_joined() const {
  std::vector<bool> behind(nodes_.size());
  for (const auto index : ends_.at(origin_)) behind[index] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;)  // what is before a node was captured before it
    if (behind[i])
      for (const auto before : nodes_[i].after) behind[before] = true;
    else
      return false;
  return true;
}

Graph Capture::graph() const {
  Graph made;
  made.nodes_ = nodes_;
  for (const auto& [stream, lane] : lanes_) made.lanes_.push_back(lane);
  return made;
}

}  // namespace assay::fakes::cuda

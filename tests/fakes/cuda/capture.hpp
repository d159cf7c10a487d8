// What the double of CUDA records of streams, and how it is done later.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <vector>

namespace assay::fakes::cuda {

using Work = std::function<void()>;

/// A graph: work, and what is done before it.
class Graph {
 public:
  /// Done when all is. What was captured of one stream is done in order, on a thread of its own:
  /// at the same time as that of another, but for those that waited for each other's events.
  void run() const;

 private:
  friend class Capture;
  struct Node {
    Work work;
    std::set<std::size_t> after;
  };
  std::vector<Node> nodes_;
  std::vector<std::vector<std::size_t>> lanes_;  ///< of each stream
};

class Capture {
 public:
  explicit Capture(cudaStream_t origin) : origin_(origin) { ends_[origin]; }

  cudaStream_t origin() const { return origin_; }
  void add(cudaStream_t stream, Work work);

  /// The work behind which a stream is.
  using Place = std::set<std::size_t>;
  const Place& place(cudaStream_t stream) { return ends_[stream]; }
  void wait(cudaStream_t stream, const Place& place);

  /// Whether all of it is behind the end of the stream that it began with.
  bool is_joined() const;
  void end() { ended_ = true; }
  bool has_ended() const { return ended_; }
  Graph graph() const;

 private:
  cudaStream_t origin_;
  bool ended_ = false;
  std::vector<Graph::Node> nodes_;
  std::map<cudaStream_t, std::vector<std::size_t>> lanes_;
  std::map<cudaStream_t, Place> ends_;
};

}  // namespace assay::fakes::cuda

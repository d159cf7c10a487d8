// A pipeline stage: its layers in chunks, what stands at both ends, and its neighbours.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "harness/schedule/training/attention.hpp"
#include "harness/schedule/training/feed_forward.hpp"
#include "harness/schedule/training/pipeline.hpp"
#include "harness/schedule/training/rank.hpp"

namespace assay::training {

struct Layer {
  Layer(Rank& rank, std::uint64_t index, std::optional<Route> route, int place);

  struct Saved {
    Slice input{};
    AttentionBlock::Saved attention{};
    FeedForwardBlock::Saved feed_forward{};
  };
  void forward(const Slice& input, const Slice& output, Saved& saved);
  /// Drops what forward() kept, but neither its input nor its output.
  void drop(Saved& saved);
  void backward(const Slice& gradient, Saved& saved);

 private:
  Rank& rank_;
  AttentionBlock attention_;
  FeedForwardBlock feed_forward_;
};

/// From the last layer to the loss.
class Head {
 public:
  /// `tied`: the embedding's parameter, where this rank has it.
  Head(Rank& rank, std::optional<std::size_t> tied);

  struct Saved {
    Kept kept{};
    Slice input{}, normed{}, full{}, logits{};
  };
  void forward(const Slice& input, Saved& saved);
  /// To the gradient of the input, a temporary.
  Slice backward(Saved& saved);
  std::size_t parameter() const { return logits_.parameter; }

 private:
  Rank& rank_;
  std::size_t norm_;
  Linear logits_;
  Rows rows_;
};

class Stage {
 public:
  /// `route` gives the route of a layer, or none where it has no experts.
  using Routes = std::function<std::optional<Route>(std::uint64_t layer)>;
  struct Where {
    int stage = 0;  ///< of the pipeline
    int place = 0;  ///< among those that share the experts of a layer
  };
  Stage(const Model& model, const Layout& layout, const Frame& frame, Where where,
        const Routes& route);

  step::Schedule schedule();

 private:
  struct Saved {
    Kept inputs{};  ///< of each layer
    std::vector<Layer::Saved> layers{};
    Head::Saved head{};
  };
  using Key = std::pair<std::uint64_t, std::uint64_t>;  ///< chunk, micro-batch

  bool begins(std::uint64_t chunk) const { return stage_ == 0 && chunk == 0; }
  bool ends(std::uint64_t chunk) const;
  void declare(const Routes& route, int place);
  void run(const Unit& unit);
  void forward(const Unit& unit);
  void backward(const Unit& unit);
  void receive(const Unit& unit);
  void send(const Channel& channel, int peer, const Slice& slice);
  void message(const Channel& channel, step::Message::Way way, int peer, const Slice& slice);
  Slice embed(Kept& kept);
  void embed_backward(const Slice& gradient);

  Rank rank_;
  int stage_;
  Pipeline pipeline_;
  std::vector<std::deque<Layer>> chunks_;  ///< layers stay where they are
  std::optional<std::size_t> embedding_;
  std::optional<Head> head_;
  std::map<Key, Saved> saved_;
  std::deque<Slice> sent_;      ///< not yet given back
  std::deque<Slice> received_;  ///< forward or backward, of units that have not run
};

}  // namespace assay::training

// The feed-forward half of a layer: dense, or experts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "harness/schedule/training/rank.hpp"

namespace assay::training {

/// down(activation(up(x))), split over tp.
class Perceptron {
 public:
  Perceptron(Rank& rank, std::uint64_t width, std::string prefix = {});

  struct Saved {
    Kept kept{};
    Slice up{}, activated{};
  };
  /// From the normed input, this rank's part of it, to a temporary.
  Slice forward(const Slice& normed, Saved& saved);
  /// From the gradient of the output to that of the normed input, a temporary.
  Slice backward(const Slice& normed, const Slice& gradient, Saved& saved);

 private:
  Rank& rank_;
  std::string prefix_;
  Linear up_, down_;
  Rows rows_;
};

/// What the tokens of one layer do.
struct Route {
  std::shared_ptr<const Routed> routed;
  std::shared_ptr<const PairCounts> dispatch, combine;
};

/// Router, exchange, experts of this rank, exchange back; and shared experts meanwhile.
class ExpertBlock {
 public:
  ExpertBlock(Rank& rank, Route route, int place);

  struct Saved {
    Kept kept{};
    Slice scores{}, received{}, up{}, activated{}, returned{};
    Perceptron::Saved shared{};
  };
  Slice forward(const Slice& normed, Saved& saved);
  Slice backward(const Slice& normed, const Slice& gradient, Saved& saved);

 private:
  Slice temporary(std::uint64_t width) const;
  void send(const char* name, const std::shared_ptr<const PairCounts>& counts, const Slice& from,
            const Slice& to);

  Rank& rank_;
  Route route_;
  Rows rows_, own_rows_;  ///< of each expert of this rank; of the router
  std::uint64_t received_ = 0, sent_ = 0;
  Linear router_, up_, down_;
  std::optional<Perceptron> shared_;
};

class FeedForwardBlock {
 public:
  /// Declares the parameters. Without a route: dense.
  FeedForwardBlock(Rank& rank, std::optional<Route> route, int place);

  struct Saved {
    Kept kept{};
    Slice input{}, normed{};
    Perceptron::Saved dense{};
    ExpertBlock::Saved experts{};
  };
  /// input + feed_forward(norm(input)) to `output`.
  void forward(const Slice& input, const Slice& output, Saved& saved);
  /// As AttentionBlock::backward().
  void backward(const Slice& gradient, Saved& saved);

 private:
  Rank& rank_;
  std::size_t norm_;
  std::optional<Perceptron> dense_;
  std::optional<ExpertBlock> experts_;
};

}  // namespace assay::training

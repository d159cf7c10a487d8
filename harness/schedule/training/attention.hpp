// The attention half of a layer.
#pragma once

#include <vector>

#include "harness/schedule/training/rank.hpp"

namespace assay::training {

class AttentionBlock {
 public:
  /// Declares the parameters of layer `layer`.
  AttentionBlock(Rank& rank, std::uint64_t layer);

  struct Saved {
    Kept kept{};  ///< all of the following but the attended values
    Slice input{}, normed{}, latent{}, qkv{};
    Kept core{};  ///< what selective recomputation computes again
    Slice attended{}, keys{};
  };

  /// input + attention(norm(input)), kept. `input` stays with the caller.
  Slice forward(const Slice& input, Saved& saved);
  /// Adds to `gradient`, of the output, so that it becomes that of the input.
  void backward(const Slice& gradient, Saved& saved);

 private:
  void core(Saved& saved);
  void core_backward(const Saved& saved, const Slice& attended, const Slice& qkv);
  void project(const Saved& saved, const Slice& full);
  void project_gradient(const Saved& saved, const Slice& gradient, const Slice& full);
  void project_weights(const Saved& saved, const Slice& gradient, const Slice& full);
  void ring_backward(const Saved& saved, const Slice& attended, const Slice& qkv);
  step::Attention shape() const;
  void attend(const char* name, const step::Attention& what, std::vector<step::Use> uses);
  void exchange(const char* name, const Slice& from, const Slice& to);
  Slice kv_of(const Slice& qkv) const;

  Rank& rank_;
  std::uint64_t window_ = 0;
  std::uint64_t heads_, kv_heads_, qk_dim_, v_dim_;  ///< of this rank
  std::uint64_t q_width_, kv_width_;                 ///< columns of queries; of keys and values
  std::uint64_t latent_width_ = 0;
  std::vector<Linear> down_, up_;  ///< to latents, if any; to queries, keys and values
  Linear out_;
  std::size_t norm_;
  Rows rows_;
};

}  // namespace assay::training

// A transformer as far as its training step depends on it. Pure data; configs/models holds them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace assay::training {

/// Multi-head latent attention: queries and keys/values go through latents of these ranks.
struct Latent {
  std::uint64_t q_rank = 0, kv_rank = 0;
  std::uint64_t nope_dim = 0, rope_dim = 0, v_dim = 0;
};

struct Heads {
  std::uint64_t count = 1, kv = 1, dim = 1;
  std::uint64_t window = 0;        ///< positions that a query sees; 0: all before it
  std::uint64_t window_every = 1;  ///< layers 0, window_every, … have the window
  std::optional<Latent> latent{};
};

struct Experts {
  std::uint64_t count = 1, active = 1;        ///< active: per token
  std::uint64_t ffn = 0;                      ///< of each
  std::uint64_t shared_ffn = 0;               ///< of those that see every token, together
  std::uint64_t dense_layers = 0;             ///< the first ones have no experts
  std::uint64_t groups = 1, group_limit = 1;  ///< a token's experts lie in so many groups of these
};

struct Model {
  std::string name{};
  std::string source{};
  std::uint64_t layers = 1, hidden = 1, vocab = 1;
  std::uint64_t ffn = 0;  ///< of dense layers
  bool gated = true;      ///< SwiGLU and the like: two projections up
  bool tied = false;      ///< logits use the embedding's weights
  Heads heads{};
  std::optional<Experts> experts{};
};

/// Columns of the projections up together: 2f or f.
inline std::uint64_t up_width(const Model& model, std::uint64_t ffn) {
  return model.gated ? 2 * ffn : ffn;
}

inline bool has_experts(const Model& model, std::uint64_t layer) {
  return model.experts && layer >= model.experts->dense_layers;
}

}  // namespace assay::training

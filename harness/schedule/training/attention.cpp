#include "harness/schedule/training/attention.hpp"

#include <utility>

namespace assay::training {
namespace {

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }

/// The next `rows` · `width` elements of a tensor whose parts lie one behind the other.
class Cutter {
 public:
  Cutter(const Slice& tensor, std::uint64_t rows) : tensor_(tensor), rows_(rows) {}
  Slice next(std::uint64_t width) {
    const Slice part{tensor_.buffer, tensor_.first + at_, rows_ * width};
    at_ += part.count;
    return part;
  }

 private:
  Slice tensor_;
  std::uint64_t rows_, at_ = 0;
};

}  // namespace

AttentionBlock::AttentionBlock(Rank& rank, std::uint64_t layer) : rank_(rank), rows_{rank.tokens} {
  const auto& heads = rank.model.heads;
  const auto tp = whole(rank.tp), hidden = rank.hidden();
  if (layer % heads.window_every == 0) window_ = heads.window;
  heads_ = heads.count / tp;
  kv_heads_ = heads.kv / tp;
  qk_dim_ = v_dim_ = heads.dim;
  q_width_ = heads_ * heads.dim;
  kv_width_ = 2 * kv_heads_ * heads.dim;
  const auto linear = [&](const char* name, std::uint64_t in, std::uint64_t out) {
    return Linear{name, in, out, rank.parameters.declare({in * out})};
  };
  norm_ = rank.norm_parameter(hidden);
  if (const auto& latent = heads.latent) {
    const auto shared = latent->rope_dim;
    qk_dim_ = latent->nope_dim + shared;
    v_dim_ = latent->v_dim;
    q_width_ = heads_ * qk_dim_;
    kv_width_ = heads_ * (latent->nope_dim + v_dim_);
    latent_width_ = latent->q_rank + latent->kv_rank + shared;
    down_ = {linear("q down", hidden, latent->q_rank),
             linear("kv down", hidden, latent->kv_rank + shared)};
    up_ = {linear("q up", latent->q_rank, q_width_), linear("kv up", latent->kv_rank, kv_width_)};
  } else {
    up_ = {linear("qkv", hidden, q_width_ + kv_width_)};
  }
  out_ = linear("attention out", heads_ * v_dim_, hidden);
}

step::Attention AttentionBlock::shape() const {
  return {rank_.layout.micro_batch,
          rank_.positions,
          rank_.positions,
          heads_,
          kv_heads_,
          qk_dim_,
          v_dim_,
          window_,
          false,
          rank_.layout.types.activations};
}

void AttentionBlock::attend(const char* name, const step::Attention& what,
                            std::vector<step::Use> uses) {
  rank_.build.add(rank_.frame.compute, {name, what}, std::move(uses));
}

/// Keys and values lie behind the queries.
Slice AttentionBlock::kv_of(const Slice& qkv) const {
  return {qkv.buffer, qkv.first + rank_.tokens * q_width_, rank_.tokens * kv_width_};
}

void AttentionBlock::exchange(const char* name, const Slice& from, const Slice& to) {
  const auto& cp = rank_.frame.cp;
  rank_.communicate(cp, name,
                    {Collective::send_recv, cp.group, from.count, rank_.layout.types.activations},
                    {step::read(from), step::write(to)});
}

/// Attention itself. On a ring, each chunk of keys and values is attended to while the next one
/// travels; every step is half masked, for each rank has a part of both ends of the sequence.
void AttentionBlock::core(Saved& saved) {
  const int parts = rank_.layout.cp;
  auto what = shape();
  saved.attended = rank_.keep(saved.core, rank_.tokens * heads_ * v_dim_);
  if (parts > 1 && rank_.layout.context == ContextWay::all_gather) {
    const auto own = kv_of(saved.qkv);
    saved.keys = rank_.keep(saved.core, own.count * whole(parts));
    const auto& cp = rank_.frame.cp;
    rank_.communicate(cp, "keys and values",
                      {Collective::all_gather, cp.group, own.count, rank_.layout.types.activations},
                      {step::read(own), step::write(saved.keys)});
    what.keys *= whole(parts);
    attend("attention", what,
           {step::read(saved.qkv), step::read(saved.keys), step::write(saved.attended)});
    return;
  }
  auto kv = kv_of(saved.qkv);
  for (int i = 0; i < parts; ++i) {
    const auto here = kv;
    if (i + 1 < parts) exchange("keys and values", here, kv = rank_.temporary(here.count));
    attend("attention", what,
           {step::read(saved.qkv), step::read(here),
            i == 0 ? step::write(saved.attended) : step::update(saved.attended)});
    if (i > 0) rank_.drop(here);
  }
}

/// From the gradient of attended values to that of queries, keys and values.
void AttentionBlock::core_backward(const Saved& saved, const Slice& attended, const Slice& qkv) {
  const int parts = rank_.layout.cp;
  if (parts > 1 && rank_.layout.context == ContextWay::ring)
    return ring_backward(saved, attended, qkv);
  auto what = shape();
  what.backward = true;
  std::vector<step::Use> uses{step::read(saved.qkv), step::read(saved.attended),
                              step::read(attended), step::write(qkv)};
  if (parts == 1) return attend("attention backward", what, std::move(uses));
  what.keys *= whole(parts);
  const auto all = rank_.temporary(saved.keys.count);
  uses.insert(uses.end(), {step::read(saved.keys), step::write(all)});
  attend("attention backward", what, std::move(uses));
  const auto own = kv_of(qkv);
  const auto& cp = rank_.frame.cp;
  rank_.communicate(
      cp, "keys and values",
      {Collective::reduce_scatter, cp.group, own.count, rank_.layout.types.activations},
      {step::read(all), step::update(own)});
  rank_.drop(all);
}

/// Keys and values travel as before, and behind them what has been added up of their gradients.
void AttentionBlock::ring_backward(const Saved& saved, const Slice& attended, const Slice& qkv) {
  const int parts = rank_.layout.cp;
  auto what = shape();
  what.backward = true;
  auto kv = kv_of(saved.qkv);
  auto gradient = rank_.temporary(kv.count);
  for (int i = 0; i < parts; ++i) {
    const auto here = kv;
    const bool last = i + 1 == parts;
    if (!last) exchange("keys and values", here, kv = rank_.temporary(here.count));
    attend("attention backward", what,
           {step::read(saved.qkv), step::read(here), step::read(saved.attended),
            step::read(attended), i == 0 ? step::write(gradient) : step::update(gradient),
            i == 0 ? step::write(qkv) : step::update(qkv)});
    if (i > 0) rank_.drop(here);
    if (last) break;
    const auto next = rank_.temporary(gradient.count);
    exchange("gradients of keys and values", gradient, next);
    rank_.drop(std::exchange(gradient, next));
  }
  rank_.element_wise("gradients of keys and values", 2 * gradient.count,
                     {step::read(gradient), step::update(kv_of(qkv))});
  rank_.drop(gradient);
}

/// From the normed input to queries, keys and values, through latents if there are any.
void AttentionBlock::project(const Saved& saved, const Slice& full) {
  if (down_.empty()) return rank_.forward({up_.front(), rows_, full, saved.qkv});
  Cutter latents(saved.latent, rank_.tokens), outputs(saved.qkv, rank_.tokens);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    const auto latent = latents.next(down_[i].out);
    rank_.forward({down_[i], rows_, full, latent});
    rank_.forward({up_[i], rows_, latent, outputs.next(up_[i].out)});
  }
}

void AttentionBlock::project_gradient(const Saved& saved, const Slice& gradient,
                                      const Slice& full) {
  if (down_.empty()) return rank_.input_gradient({up_.front(), rows_, full, gradient});
  const auto latent = rank_.temporary(saved.latent.count);
  Cutter latents(latent, rank_.tokens), kept(saved.latent, rank_.tokens),
      outputs(gradient, rank_.tokens);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    const auto own = latents.next(down_[i].out), input = kept.next(down_[i].out),
               output = outputs.next(up_[i].out);
    rank_.input_gradient({up_[i], rows_, own, output});
    rank_.weight_gradient({up_[i], rows_, input, output});
    rank_.input_gradient({down_[i], rows_, full, own, i > 0});
    rank_.weight_gradient({down_[i], rows_, saved.normed, own});
  }
  rank_.drop(latent);
}

void AttentionBlock::project_weights(const Saved& saved, const Slice& gradient, const Slice& full) {
  if (!down_.empty()) return;  // done above: latent attention has nothing to hide behind it
  rank_.weight_gradient({up_.front(), rows_, full, gradient});
  rank_.drop_gathered(saved.normed, full);
}

Slice AttentionBlock::forward(const Slice& input, Saved& saved) {
  auto& kept = saved.kept;
  const auto own = rank_.own_tokens * rank_.hidden();
  saved.input = input;
  saved.normed = rank_.keep(kept, own);
  rank_.norm(norm_, input, saved.normed);
  if (!down_.empty()) saved.latent = rank_.keep(kept, rank_.tokens * latent_width_);
  saved.qkv = rank_.keep(kept, rank_.tokens * (q_width_ + kv_width_));
  const auto full = rank_.gathered("attention in", saved.normed);
  project(saved, full);
  rank_.drop_gathered(saved.normed, full);
  rank_.element_wise("rotary", 2 * saved.qkv.count, {step::update(saved.qkv)});
  core(saved);
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  rank_.forward({out_, rows_, saved.attended, partial});
  if (rank_.layout.recompute == Recompute::selective) rank_.drop(saved.core);
  const auto sum = rank_.reduced("attention out", partial);
  const auto output = rank_.keep(kept, own);
  rank_.element_wise("residual", 3 * own,
                     {step::read(input), step::read(sum), step::write(output)});
  rank_.drop(sum);
  return output;
}

void AttentionBlock::backward(const Slice& gradient, Saved& saved) {
  if (rank_.layout.recompute == Recompute::selective) {
    rank_.build.repeat(true);
    core(saved);
    rank_.build.repeat(false);
  }
  const auto whole_gradient = rank_.gathered("attention out gradient", gradient);
  const auto attended = rank_.temporary(saved.attended.count);
  rank_.input_gradient({out_, rows_, attended, whole_gradient});
  rank_.weight_gradient({out_, rows_, saved.attended, whole_gradient});
  rank_.drop_gathered(gradient, whole_gradient);
  const auto qkv = rank_.temporary(saved.qkv.count);
  core_backward(saved, attended, qkv);
  rank_.drop(attended);
  rank_.element_wise("rotary backward", 2 * qkv.count, {step::update(qkv)});
  const auto again = rank_.gathered("attention in again", saved.normed);
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  project_gradient(saved, qkv, partial);
  const auto normed = rank_.reduced("attention in gradient", partial);
  project_weights(saved, qkv, again);
  rank_.drop(qkv);
  rank_.norm_backward(norm_, saved.input, normed, gradient);
  rank_.drop(normed);
  rank_.drop(saved.core);
  rank_.drop(saved.kept);
}

}  // namespace assay::training

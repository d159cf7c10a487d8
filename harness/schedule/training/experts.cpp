#include <algorithm>
#include <numeric>
#include <utility>

#include "harness/schedule/training/feed_forward.hpp"

namespace assay::training {
namespace {

std::uint64_t sum(const Rows& rows) {
  return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0});
}

}  // namespace

ExpertBlock::ExpertBlock(Rank& rank, Route route, int place)
    : rank_(rank),
      route_(std::move(route)),
      rows_(route_.routed->of_experts(place)),
      own_rows_{rank.own_tokens},
      received_(sum(rows_)),
      sent_(rank.own_tokens * rank.model.experts->active) {
  rank.most_received = std::max(rank.most_received, received_);
  const auto& experts = *rank.model.experts;
  const auto hidden = rank.hidden(), up = up_width(rank.model, experts.ffn);
  const auto declare = [&](std::uint64_t count) {
    return rank.parameters.declare({rows_.size() * count, Parameters::Kind::expert});
  };
  router_ = {"router", hidden, experts.count,
             rank.parameters.declare({hidden * experts.count, Parameters::Kind::replicated})};
  up_ = {"experts up", hidden, up, declare(hidden * up)};
  down_ = {"experts down", experts.ffn, hidden, declare(experts.ffn * hidden)};
  if (experts.shared_ffn > 0) shared_.emplace(rank, experts.shared_ffn, "shared ");
}

/// As large as the layer with the most rows needs it, so that all layers share it.
Slice ExpertBlock::temporary(std::uint64_t width) const {
  auto slice = rank_.temporary(rank_.most_received * width);
  slice.count = received_ * width;
  return slice;
}

void ExpertBlock::send(const char* name, const std::shared_ptr<const PairCounts>& counts,
                       const Slice& from, const Slice& to) {
  const auto& ep = rank_.frame.ep;
  const auto uses = {step::read(from), step::write(to)};
  if (ep.size == 1) return rank_.element_wise(name, 2 * from.count, uses);
  step::Collect call{Collective::all_to_all_v, ep.group, 0, rank_.layout.types.activations};
  call.counts = counts;
  rank_.communicate(ep, name, call, uses);
}

Slice ExpertBlock::forward(const Slice& normed, Saved& saved) {
  const auto hidden = rank_.hidden();
  auto& kept = saved.kept;
  saved.scores = rank_.keep(kept, rank_.own_tokens * router_.out);
  rank_.forward({router_, own_rows_, normed, saved.scores});
  rank_.element_wise("top k", 2 * saved.scores.count, {step::update(saved.scores)});
  if (rank_.frame.ep.size > 1) {
    const auto counts = rank_.build.take("workspace", DataType::int64, router_.out);
    const auto got = rank_.build.take("workspace", DataType::int64, router_.out);
    rank_.communicate(rank_.frame.ep, "counts",
                      {Collective::all_to_all, rank_.frame.ep.group, rows_.size(), DataType::int64},
                      {step::read(saved.scores), step::read(counts), step::write(got)});
    rank_.drop(counts);
    rank_.drop(got);
  }
  const auto sorted = rank_.temporary(sent_ * hidden);
  rank_.element_wise("sort", normed.count + sorted.count,
                     {step::read(normed), step::read(saved.scores), step::write(sorted)});
  saved.received = rank_.keep(kept, received_ * hidden);
  send("dispatch", route_.dispatch, sorted, saved.received);
  std::optional<Slice> shared;
  if (shared_) shared = shared_->forward(normed, saved.shared);
  rank_.drop(sorted);
  saved.up = rank_.keep(kept, received_ * up_.out);
  saved.activated = rank_.keep(kept, received_ * down_.in);
  rank_.forward({up_, rows_, saved.received, saved.up});
  rank_.element_wise("experts activation", saved.up.count + saved.activated.count,
                     {step::read(saved.up), step::write(saved.activated)});
  const auto output = temporary(hidden);
  rank_.forward({down_, rows_, saved.activated, output});
  saved.returned = rank_.keep(kept, sent_ * hidden);
  send("combine", route_.combine, output, saved.returned);
  rank_.drop(output);
  const auto merged = rank_.temporary(normed.count);
  std::vector<step::Use> uses{step::read(saved.returned), step::read(saved.scores),
                              step::write(merged)};
  if (shared) uses.push_back(step::read(*shared));
  rank_.element_wise("merge", saved.returned.count + merged.count, std::move(uses));
  if (shared) rank_.drop(*shared);
  return merged;
}

/// The exchanges of the forward pass, the other way round.
Slice ExpertBlock::backward(const Slice& normed, const Slice& gradient, Saved& saved) {
  const auto hidden = rank_.hidden();
  const auto returned = rank_.temporary(sent_ * hidden);
  rank_.element_wise("merge backward", gradient.count + 2 * returned.count,
                     {step::read(gradient), step::read(saved.returned), step::update(saved.scores),
                      step::write(returned)});
  const auto output = temporary(hidden);
  send("combine backward", route_.dispatch, returned, output);
  std::optional<Slice> shared;
  if (shared_) shared = shared_->backward(normed, gradient, saved.shared);
  rank_.drop(returned);
  const auto activated = temporary(down_.in);
  rank_.input_gradient({down_, rows_, activated, output});
  rank_.weight_gradient({down_, rows_, saved.activated, output});
  rank_.drop(output);
  const auto up = temporary(up_.out);
  rank_.element_wise("experts activation backward", 2 * up.count + activated.count,
                     {step::read(saved.up), step::read(activated), step::write(up)});
  rank_.drop(activated);
  const auto received = temporary(hidden);
  rank_.input_gradient({up_, rows_, received, up});
  const auto sorted = rank_.temporary(sent_ * hidden);
  send("dispatch backward", route_.combine, received, sorted);
  rank_.weight_gradient({up_, rows_, saved.received, up});
  rank_.drop(received);
  rank_.drop(up);
  const auto own = rank_.temporary(normed.count);
  rank_.input_gradient({router_, own_rows_, own, saved.scores});
  rank_.weight_gradient({router_, own_rows_, normed, saved.scores});
  std::vector<step::Use> uses{step::read(sorted), step::update(own)};
  if (shared) uses.push_back(step::read(*shared));
  rank_.element_wise("sort backward", sorted.count + own.count, std::move(uses));
  rank_.drop(sorted);
  if (shared) rank_.drop(*shared);
  rank_.drop(saved.kept);
  return own;
}

}  // namespace assay::training

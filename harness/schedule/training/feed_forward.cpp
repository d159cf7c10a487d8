#include "harness/schedule/training/feed_forward.hpp"

#include <utility>

namespace assay::training {

Perceptron::Perceptron(Rank& rank, std::uint64_t width, std::string prefix)
    : rank_(rank), prefix_(std::move(prefix)), rows_{rank.tokens} {
  const auto part = width / static_cast<std::uint64_t>(rank.tp);
  const auto up = up_width(rank.model, part), hidden = rank.hidden();
  up_ = {prefix_ + "up", hidden, up, rank.parameters.declare({hidden * up})};
  down_ = {prefix_ + "down", part, hidden, rank.parameters.declare({part * hidden})};
}

Slice Perceptron::forward(const Slice& normed, Saved& saved) {
  saved.up = rank_.keep(saved.kept, rank_.tokens * up_.out);
  saved.activated = rank_.keep(saved.kept, rank_.tokens * down_.in);
  const auto full = rank_.gathered(prefix_ + "up", normed);
  rank_.forward({up_, rows_, full, saved.up});
  rank_.drop_gathered(normed, full);
  rank_.element_wise(prefix_ + "activation", saved.up.count + saved.activated.count,
                     {step::read(saved.up), step::write(saved.activated)});
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  rank_.forward({down_, rows_, saved.activated, partial});
  return rank_.reduced(prefix_ + "down", partial);
}

/// Only the gathering of the gradient stands in the way: the input is gathered again under the
/// first product, the gradient of the input is reduced under the last.
Slice Perceptron::backward(const Slice& normed, const Slice& gradient, Saved& saved) {
  const auto whole_gradient = rank_.gathered(prefix_ + "down gradient", gradient);
  const auto again = rank_.gathered(prefix_ + "up again", normed);
  const auto activated = rank_.temporary(saved.activated.count);
  rank_.input_gradient({down_, rows_, activated, whole_gradient});
  rank_.weight_gradient({down_, rows_, saved.activated, whole_gradient});
  rank_.drop_gathered(gradient, whole_gradient);
  const auto up = rank_.temporary(saved.up.count);
  rank_.element_wise(prefix_ + "activation backward", 2 * saved.up.count + activated.count,
                     {step::read(saved.up), step::read(activated), step::write(up)});
  rank_.drop(activated);
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  rank_.input_gradient({up_, rows_, partial, up});
  const auto sum = rank_.reduced(prefix_ + "up gradient", partial);
  rank_.weight_gradient({up_, rows_, again, up});
  rank_.drop_gathered(normed, again);
  rank_.drop(up);
  rank_.drop(saved.kept);
  return sum;
}

FeedForwardBlock::FeedForwardBlock(Rank& rank, std::optional<Route> route, int place)
    : rank_(rank), norm_(rank.norm_parameter(rank.hidden())) {
  if (route)
    experts_.emplace(rank, std::move(*route), place);
  else
    dense_.emplace(rank, rank.model.ffn);
}

void FeedForwardBlock::forward(const Slice& input, const Slice& output, Saved& saved) {
  saved.input = input;
  saved.normed = rank_.keep(saved.kept, input.count);
  rank_.norm(norm_, input, saved.normed);
  const auto sum = dense_ ? dense_->forward(saved.normed, saved.dense)
                          : experts_->forward(saved.normed, saved.experts);
  rank_.element_wise("residual", 3 * input.count,
                     {step::read(input), step::read(sum), step::write(output)});
  rank_.drop(sum);
}

void FeedForwardBlock::backward(const Slice& gradient, Saved& saved) {
  const auto normed = dense_ ? dense_->backward(saved.normed, gradient, saved.dense)
                             : experts_->backward(saved.normed, gradient, saved.experts);
  rank_.norm_backward(norm_, saved.input, normed, gradient);
  rank_.drop(normed);
  rank_.drop(saved.kept);
}

}  // namespace assay::training

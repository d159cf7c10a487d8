#include "harness/schedule/training/stage.hpp"

#include <fmt/format.h>

#include <numeric>

namespace assay::training {
namespace {

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }

/// Has a message to receive before it runs.
bool is_fed(const Unit& unit, bool begins, bool ends) {
  return unit.direction == Direction::forward ? !begins : !ends;
}

}  // namespace

Layer::Layer(Rank& rank, std::uint64_t index, std::optional<Route> route, int place)
    : rank_(rank), attention_(rank, index), feed_forward_(rank, std::move(route), place) {}

void Layer::forward(const Slice& input, const Slice& output, Saved& saved) {
  saved.input = input;
  const auto between = attention_.forward(input, saved.attention);
  feed_forward_.forward(between, output, saved.feed_forward);
}

void Layer::drop(Saved& saved) {
  auto& [kept, in, normed, dense, experts] = saved.feed_forward;
  for (auto* some : {&saved.attention.kept, &saved.attention.core, &kept, &dense.kept,
                     &experts.kept, &experts.shared.kept})
    rank_.drop(*some);
}

void Layer::backward(const Slice& gradient, Saved& saved) {
  if (rank_.layout.recompute == Recompute::full) {
    rank_.build.repeat(true);
    const auto output = rank_.temporary(gradient.count);
    forward(saved.input, output, saved);
    rank_.drop(output);
    rank_.build.repeat(false);
  }
  feed_forward_.backward(gradient, saved.feed_forward);
  attention_.backward(gradient, saved.attention);
}

Head::Head(Rank& rank, std::optional<std::size_t> tied)
    : rank_(rank), norm_(rank.norm_parameter(rank.hidden())), rows_{rank.tokens} {
  const auto vocab = rank.model.vocab / whole(rank.tp);
  const std::uint64_t copies = rank.model.tied ? 2 : 1;
  logits_ = {
      "logits", rank.hidden(), vocab,
      tied ? *tied
           : rank.parameters.declare({rank.hidden() * vocab, Parameters::Kind::split, 1, copies})};
}

/// Cross-entropy over a split vocabulary sums three numbers per token: the maximum, the target's
/// logit, the sum of exponentials.
void Head::forward(const Slice& input, Saved& saved) {
  saved.input = input;
  saved.normed = rank_.keep(saved.kept, input.count);
  rank_.norm(norm_, input, saved.normed);
  saved.full = rank_.gathered("logits", saved.normed);
  saved.logits = rank_.keep(saved.kept, rank_.tokens * logits_.out);
  rank_.forward({logits_, rows_, saved.full, saved.logits});
  const auto numbers = rank_.build.take("workspace", DataType::fp32, rank_.tokens);
  struct Number {
    const char* name;
    ReduceOp op;
  };
  for (const auto& [name, op] : {Number{"maximum", ReduceOp::max}, Number{"target", ReduceOp::sum},
                                 Number{"sum", ReduceOp::sum}}) {
    rank_.element_wise(name, saved.logits.count,
                       {step::update(saved.logits), step::write(numbers)});
    if (rank_.tp > 1)
      rank_.communicate(
          rank_.frame.tp, name,
          {Collective::all_reduce, rank_.frame.tp.group, rank_.tokens, DataType::fp32, op},
          {step::update(numbers)});
  }
  rank_.element_wise("loss", saved.logits.count, {step::read(numbers), step::update(saved.logits)});
  rank_.drop(numbers);
}

Slice Head::backward(Saved& saved) {
  rank_.element_wise("loss backward", 2 * saved.logits.count, {step::update(saved.logits)});
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  rank_.input_gradient({logits_, rows_, partial, saved.logits});
  const auto normed = rank_.reduced("logits gradient", partial);
  rank_.weight_gradient({logits_, rows_, saved.full, saved.logits});
  rank_.drop_gathered(saved.normed, saved.full);
  const auto gradient = rank_.temporary(saved.input.count);
  rank_.element_wise("clear", gradient.count, {step::write(gradient)});
  rank_.norm_backward(norm_, saved.input, normed, gradient);
  rank_.drop(normed);
  rank_.drop(saved.kept);
  return gradient;
}

Stage::Stage(const Model& model, const Layout& layout, const Frame& frame, Where where,
             const Routes& route)
    : rank_(model, layout, frame),
      stage_(where.stage),
      pipeline_{whole(layout.pp), whole(layout.vp), micro_batches(layout)} {
  declare(route, where.place);
}

bool Stage::ends(std::uint64_t chunk) const {
  return whole(stage_) + 1 == pipeline_.stages && chunk + 1 == pipeline_.chunks;
}

/// Chunk c of stage r holds the layers that come (c·p + r)-th.
void Stage::declare(const Routes& route, int place) {
  const auto& model = rank_.model;
  const auto layers = chunk_layers(model, rank_.layout);
  const bool both_ends = pipeline_.stages == 1;
  for (std::uint64_t chunk = 0; chunk < pipeline_.chunks; ++chunk) {
    const auto nth = static_cast<std::ptrdiff_t>(chunk * pipeline_.stages + whole(stage_));
    if (begins(chunk)) {
      const bool shared = model.tied && both_ends;
      embedding_ = rank_.parameters.declare({model.vocab / whole(rank_.tp) * model.hidden,
                                             Parameters::Kind::split, shared ? 2U : 1U,
                                             model.tied && !both_ends ? 2U : 1U});
    }
    auto& own = chunks_.emplace_back();
    const auto first = std::accumulate(layers.begin(), layers.begin() + nth, std::uint64_t{0});
    for (auto i = first; i < first + *(layers.begin() + nth); ++i)
      own.emplace_back(rank_, i, route(i), place);
    if (ends(chunk)) head_.emplace(rank_, model.tied ? embedding_ : std::nullopt);
    rank_.parameters.allocate();
  }
}

void Stage::message(const Channel& channel, step::Message::Way way, int peer, const Slice& slice) {
  const bool sends = way == step::Message::Way::send;
  rank_.build.add(channel.stream,
                  {sends ? "send" : "receive", step::Message{way, channel.group, peer, slice.count,
                                                             rank_.layout.types.activations}},
                  {sends ? step::read(slice) : step::write(slice)});
}

/// What is sent is not used again before its receiver may have come to it: else what waits for the
/// memory would wait for the receiver, and all stages of the ring for one another.
void Stage::send(const Channel& channel, int peer, const Slice& slice) {
  constexpr std::size_t most_sent = 2;  // one each way
  message(channel, step::Message::Way::send, peer, slice);
  sent_.push_back(slice);
  if (sent_.size() <= most_sent) return;
  rank_.drop(sent_.front());
  sent_.pop_front();
}

/// Ahead of the unit before, so that it arrives meanwhile.
void Stage::receive(const Unit& unit) {
  if (!is_fed(unit, begins(unit.chunk), ends(unit.chunk))) return;
  const auto& edges = rank_.frame.edges;
  const int stages = edges.stages;
  const auto count = rank_.own_tokens * rank_.hidden();
  const auto way = step::Message::Way::receive;
  if (unit.direction == Direction::forward) {
    Kept kept;  // becomes the input of the first layer
    received_.push_back(rank_.keep(kept, count));
    const int from = (stage_ + stages - 1) % stages;
    message(edges.forward[edges.colour(from)], way, from, received_.back());
  } else {
    received_.push_back(rank_.temporary(count));
    const int from = (stage_ + 1) % stages;
    message(edges.backward[edges.colour(stage_)], way, from, received_.back());
  }
}

void Stage::forward(const Unit& unit) {
  auto& saved = saved_[{unit.chunk, unit.micro_batch}];
  auto& layers = chunks_[unit.chunk];
  saved.layers.resize(layers.size());
  if (begins(unit.chunk)) {
    embed(saved.inputs);
  } else {
    saved.inputs.push_back(received_.front());
    received_.pop_front();
  }
  auto output = saved.inputs.back();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto input = output;
    output = rank_.keep(saved.inputs, input.count);
    layers[i].forward(input, output, saved.layers[i]);
    if (rank_.layout.recompute == Recompute::full) layers[i].drop(saved.layers[i]);
  }
  if (ends(unit.chunk)) return head_->forward(output, saved.head);
  const auto& edges = rank_.frame.edges;
  send(edges.forward[edges.colour(stage_)], (stage_ + 1) % edges.stages, output);
  saved.inputs.pop_back();
}

void Stage::backward(const Unit& unit) {
  rank_.last_micro_batch = unit.micro_batch + 1 == pipeline_.micro_batches;
  auto& saved = saved_.at({unit.chunk, unit.micro_batch});
  Slice gradient;
  if (ends(unit.chunk)) {
    gradient = head_->backward(saved.head);
  } else {
    gradient = received_.front();
    received_.pop_front();
  }
  auto& layers = chunks_[unit.chunk];
  for (std::size_t i = layers.size(); i-- > 0;) layers[i].backward(gradient, saved.layers[i]);
  if (begins(unit.chunk)) {
    embed_backward(gradient);
    rank_.drop(gradient);
  } else {
    const auto& edges = rank_.frame.edges;
    const int to = (stage_ + edges.stages - 1) % edges.stages;
    send(edges.backward[edges.colour(to)], to, gradient);
  }
  rank_.drop(saved.inputs);
  saved_.erase({unit.chunk, unit.micro_batch});
}

/// A rank looks up what is in its part of the vocabulary; the sum over tp is the embedding.
Slice Stage::embed(Kept& kept) {
  const auto partial = rank_.temporary(rank_.tokens * rank_.hidden());
  rank_.element_wise("embedding", 2 * partial.count,
                     {step::read(rank_.parameters.weight(*embedding_)), step::write(partial)});
  const auto sum = rank_.reduced("embedding", partial);
  const auto output = rank_.keep(kept, sum.count);
  rank_.element_wise("embedding", 2 * sum.count, {step::read(sum), step::write(output)});
  rank_.drop(sum);
  return output;
}

void Stage::embed_backward(const Slice& gradient) {
  const auto full = rank_.gathered("embedding gradient", gradient);
  rank_.element_wise("embedding backward", 3 * full.count,
                     {step::read(full), rank_.parameters.gradient(*embedding_)});
  rank_.parameters.computed(*embedding_, rank_.last_micro_batch);
  rank_.drop_gathered(gradient, full);
}

void Stage::run(const Unit& unit) {
  if (unit.direction == Direction::forward)
    forward(unit);
  else
    backward(unit);
}

step::Schedule Stage::schedule() {
  rank_.parameters.gather();
  const auto units = units_of(pipeline_, whole(stage_));
  receive(units.front());
  for (std::size_t i = 0; i < units.size(); ++i) {
    const auto& unit = units[i];
    const bool forward = unit.direction == Direction::forward;
    rank_.build.scope(
        fmt::format("{} {}.{}", forward ? "forward" : "backward", unit.micro_batch, unit.chunk));
    if (i + 1 < units.size()) receive(units[i + 1]);
    run(unit);
  }
  const bool is_end = embedding_ || head_;
  if (rank_.model.tied && pipeline_.stages > 1 && is_end)
    rank_.parameters.reduce_tied(embedding_ ? *embedding_ : head_->parameter());
  rank_.parameters.update();
  return rank_.build.done();
}

}  // namespace assay::training

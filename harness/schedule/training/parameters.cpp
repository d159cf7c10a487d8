#include "harness/schedule/training/parameters.hpp"

#include <algorithm>
#include <map>

namespace assay::training {
namespace {

std::uint64_t whole(int number) { return static_cast<std::uint64_t>(number); }

/// fp32 elements per parameter: two moments, and a copy of weights of another type.
std::uint64_t states(const Layout& layout) {
  return layout.types.weights == DataType::fp32 ? 2 : 3;
}

}  // namespace

std::size_t Parameters::declare(const Declared& declared) {
  all_.push_back({declared});
  return all_.size() - 1;
}

/// Parameters after which a bucket is full. ZeRO-1: Megatron-LM's max(40M, 1M·dp); DDP: PyTorch's
/// 25 MiB of gradients, the first one 1 MiB. Here that is the first one of each chunk and kind, for
/// buckets do not reach across them; DDP has one small bucket per model.
std::uint64_t Parameters::limit(std::size_t buckets) const {
  if (layout_.zero1) return std::max<std::uint64_t>(40'000'000, 1'000'000 * whole(layout_.dp));
  return (buckets == 0 ? std::uint64_t{1} << 20 : std::uint64_t{25} << 20) /
         size_of(layout_.types.gradients);
}

std::uint64_t Parameters::copies(const Declared& declared) const {
  const auto replicas = whole(layout_.cp * layout_.dp), tp = whole(layout_.tp);
  const auto of_kind = declared.kind == Kind::split        ? replicas
                       : declared.kind == Kind::replicated ? replicas * tp
                                                           : replicas * tp / whole(layout_.ep);
  return of_kind * declared.copies;
}

void Parameters::allocate() {
  fill(false);
  fill(true);
  allocated_ = all_.size();
}

void Parameters::fill(bool expert) {
  std::vector<std::size_t> members;
  std::uint64_t count = 0;
  std::size_t closed = 0;
  for (std::size_t i = all_.size(); i-- > allocated_;) {
    if ((all_[i].declared.kind == Kind::expert) != expert) continue;
    members.push_back(i);
    count += all_[i].declared.count;
    if (count < limit(closed)) continue;
    close(members);
    ++closed;
    count = 0;
  }
  if (!members.empty()) close(members);
}

void Parameters::close(std::vector<std::size_t>& members) {
  Bucket bucket;
  bucket.first = members.back();
  bucket.expert = all_[members.front()].declared.kind == Kind::expert;
  for (const auto i : members) {
    auto& parameter = all_[i];
    parameter.bucket = buckets_.size();
    parameter.weight = parameter.gradient = {0, bucket.count, parameter.declared.count};
    bucket.count += parameter.declared.count;
    bucket.outstanding += parameter.declared.gradients;
  }
  const auto parts = layout_.zero1 ? whole(channel(bucket).size) : 1;
  bucket.own = (bucket.count + parts - 1) / parts;
  bucket.count = bucket.own * parts;
  bucket.weights = build_.buffer("weights", layout_.types.weights, bucket.count);
  bucket.gradients = build_.buffer("gradients", layout_.types.gradients, bucket.count);
  bucket.optimizer = build_.buffer("optimizer", DataType::fp32, bucket.own * states(layout_));
  for (const auto i : members) {
    all_[i].weight.buffer = bucket.weights.buffer;
    all_[i].gradient.buffer = bucket.gradients.buffer;
    build_.tensor({all_[i].weight, copies(all_[i].declared)});
  }
  buckets_.push_back(bucket);
  members.clear();
}

step::Use Parameters::gradient(std::size_t index) {
  const bool first = !std::exchange(all_[index].computed, true);
  return first ? step::write(all_[index].gradient) : step::update(all_[index].gradient);
}

void Parameters::computed(std::size_t index, bool last_micro_batch) {
  auto& bucket = buckets_[all_[index].bucket];
  if (last_micro_batch && --bucket.outstanding == 0) reduce(bucket);
}

void Parameters::reduce(const Bucket& bucket) {
  const auto& among = channel(bucket);
  if (among.size == 1) return;
  const auto type = layout_.types.gradients;
  if (layout_.zero1)
    build_.add(
        among.stream,
        {"gradients", step::Collect{Collective::reduce_scatter, among.group, bucket.own, type}},
        {step::update(bucket.gradients)});
  else
    build_.add(
        among.stream,
        {"gradients", step::Collect{Collective::all_reduce, among.group, bucket.count, type}},
        {step::update(bucket.gradients)});
}

void Parameters::gather() {
  if (!layout_.zero1) return;
  build_.scope("parameters");
  std::map<std::size_t, std::size_t> in_order;
  for (std::size_t i = 0; i < buckets_.size(); ++i) in_order.emplace(buckets_[i].first, i);
  for (const auto& [first, i] : in_order) {
    const auto& bucket = buckets_[i];
    const auto& among = channel(bucket);
    if (among.size == 1) continue;
    build_.add(among.stream,
               {"weights", step::Collect{Collective::all_gather, among.group, bucket.own,
                                         layout_.types.weights}},
               {step::update(bucket.weights)});
  }
}

void Parameters::reduce_tied(std::size_t index) {
  const auto& gradient = all_[index].gradient;
  build_.scope("tied embedding");
  build_.add(frame_.ends.stream,
             {"tied embedding", step::Collect{Collective::all_reduce, frame_.ends.group,
                                              gradient.count, layout_.types.gradients}},
             {step::update(gradient)});
}

void Parameters::update() {
  build_.scope("optimizer");
  const auto norm = build_.buffer("workspace", DataType::fp32, 1);
  const auto gradient = size_of(layout_.types.gradients), weight = size_of(layout_.types.weights);
  std::uint64_t own = 0;
  std::vector<step::Use> reads{step::write(norm)}, updates{step::read(norm)};
  for (const auto& bucket : buckets_) {
    own += bucket.own;
    reads.push_back(step::read(bucket.gradients));
    updates.insert(updates.end(), {step::read(bucket.gradients), step::update(bucket.optimizer),
                                   step::write(bucket.weights)});
  }
  build_.add(frame_.compute, {"gradient norm", step::ElementWise{own * gradient}},
             std::move(reads));
  if (frame_.world.size > 1)
    build_.add(frame_.world.stream,
               {"gradient norm",
                step::Collect{Collective::all_reduce, frame_.world.group, 1, DataType::fp32}},
               {step::update(norm)});
  const auto bytes = own * (gradient + weight + 2 * states(layout_) * sizeof(float));
  build_.add(frame_.compute, {"optimizer", step::ElementWise{bytes}}, std::move(updates));
}

}  // namespace assay::training

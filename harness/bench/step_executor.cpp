#include "harness/bench/step_executor.hpp"

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/local_clock.hpp"

namespace assay::bench {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

void refuse(const device::Device& device) {
  if (device.memory() != device::MemoryKind::host)
    throw UnsupportedError(
        {"training step", "is carried out on the host only", "use a backend of the host's memory"});
}

}  // namespace

StepExecutor::StepExecutor(const step::Job& job, int rank, device::Device& device,
                           std::span<comm::Communicator* const> communicators,
                           const StepOptions& options)
    : schedule_((refuse(device), job.schedules.at(schedule_of(job, rank)))),
      options_(options),
      memory_(schedule_, device),
      tiles_(schedule_, memory_, device, options.tiles),
      exchanges_(schedule_, memory_, communicators),
      nodes_(schedule_.operations.size()),
      waits_(nodes_.size()),
      ready_(job.streams.size(), none),
      under_way_(job.streams.size()),
      begin_ns_(nodes_.size()),
      end_ns_(nodes_.size()) {
  resolve();
  follow();
}

void StepExecutor::resolve() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto& operation = schedule_.operations[i];
    nodes_[i].stream = operation.stream;
    if (group_of(schedule_.works[operation.work]))
      nodes_[i].bound = exchanges_.add(i);
    else
      nodes_[i].tiles = tiles_.add(i);
  }
}

/// Who waits for whom: for its dependencies, and for the one before in its stream.
void StepExecutor::follow() {
  std::vector<std::vector<std::uint32_t>> followers(nodes_.size());
  std::vector<std::uint32_t> latest(ready_.size(), none);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    auto after = schedule_.operations[i].after;
    auto& before = latest[nodes_[i].stream];
    if (before != none) after.push_back(before);
    before = i;
    nodes_[i].waits = static_cast<std::uint32_t>(after.size());
    for (const auto other : after) followers[other].push_back(i);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].first_follower = static_cast<std::uint32_t>(followers_.size());
    followers_.insert(followers_.end(), followers[i].begin(), followers[i].end());
    nodes_[i].last_follower = static_cast<std::uint32_t>(followers_.size());
  }
}

Rehearsed StepExecutor::rehearsed(std::uint32_t index) const {
  const auto& bound = nodes_[index].bound;
  return {index, schedule_.works[schedule_.operations[index].work], bound.send, bound.recv,
          bound.exchange->in_place_result_at()};
}

/// All that it waited for is complete: what communicates begins, what computes gets in line.
void StepExecutor::release(std::uint32_t index, Witness* witness) {
  const auto& node = nodes_[index];
  if (node.bound.exchange == nullptr) {
    ready_[node.stream] = index;
    return;
  }
  const auto* send = node.bound.send;
  if (witness != nullptr) {
    const auto* instead = witness->before(rehearsed(index));
    if (send != nullptr) send = instead;
  }
  begin_ns_[index] = now_ns();
  if (part_ != StepPart::compute) node.bound.exchange->start(send, node.bound.recv);
  under_way_[flying_++] = index;
}

void StepExecutor::complete(std::uint32_t index, Witness* witness) {
  end_ns_[index] = now_ns();
  const auto& node = nodes_[index];
  if (witness != nullptr && node.bound.exchange != nullptr) witness->after(rehearsed(index));
  for (auto i = node.first_follower; i < node.last_follower; ++i)
    if (--waits_[followers_[i]] == 0) release(followers_[i], witness);
}

/// Of all streams the one that was issued first.
std::optional<std::uint32_t> StepExecutor::next_local() noexcept {
  const auto first = std::min_element(ready_.begin(), ready_.end());
  if (first == ready_.end() || *first == none) return std::nullopt;
  const auto index = *first;
  *first = none;
  return index;
}

void StepExecutor::compute(std::uint32_t index, Witness* witness) {
  begin_ns_[index] = now_ns();
  const bool looks = options_.progress == Progress::poll;
  const auto [first, last] = nodes_[index].tiles;
  if (part_ != StepPart::communication)
    for (auto i = first; i < last; ++i)
      if (tiles_.run(i) && looks) progress(witness);
  complete(index, witness);
}

void StepExecutor::progress(Witness* witness) {
  for (std::size_t i = 0; i < flying_;) {
    const auto index = under_way_[i];
    if (part_ != StepPart::compute && !nodes_[index].bound.exchange->test()) {
      ++i;
      continue;
    }
    under_way_[i] = under_way_[--flying_];
    complete(index, witness);
  }
}

void StepExecutor::run(StepPart part, Witness* witness) {
  part_ = part;
  for (std::size_t i = 0; i < nodes_.size(); ++i) waits_[i] = nodes_[i].waits;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].waits == 0) release(i, witness);
  for (;;) {
    if (const auto index = next_local())
      compute(*index, witness);
    else if (flying_ > 0)
      progress(witness);
    else
      break;
  }
  stuck_ = stuck_ || std::any_of(waits_.begin(), waits_.end(), [](auto waits) { return waits; });
}

void StepExecutor::check() const {
  invariant(!stuck_, "operations of a step wait for ever");
  tiles_.check();
  exchanges_.check();
}

}  // namespace assay::bench

#include "harness/bench/step_executor.hpp"

#include <algorithm>

#include "harness/core/error.hpp"
#include "harness/core/local_clock.hpp"

namespace assay::bench {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};

std::size_t operations_of(const step::Job& job, int rank) {
  return job.schedules.at(schedule_of(job, rank)).operations.size();
}

}  // namespace

StepExecutor::StepExecutor(const step::Job& job, int rank, device::Device& device,
                           std::span<comm::Communicator* const> communicators,
                           const StepOptions& options)
    : device_(device),
      options_(options),
      streams_(device.streams(job.streams.size(), StepQueue::events_for(operations_of(job, rank)))),
      graph_({job, rank, device, streams_.get()}, communicators, options.tiles),
      waits_(graph_.size()),
      ready_(job.streams.size(), none),
      under_way_(job.streams.size()),
      begin_ns_(graph_.size()),
      end_ns_(graph_.size()) {
  if (streams_ != nullptr) queue_.emplace(graph_, *streams_);
}

void StepExecutor::connect() {
  if (!queue_) return;
  graph_.exchanges().connect();
  device_.wait();
  check();
  refill();
}

void StepExecutor::record(std::span<const StepPart> parts) {
  invariant(queue_.has_value(), "a step is recorded where it is enqueued");
  auto& stopwatch = *device_.stopwatch();
  for (const auto part : parts) {
    stopwatch.begin_recording();
    queue_->enqueue(part);
    stopwatch.end_recording(static_cast<std::size_t>(part));
  }
  recorded_ = true;
}

void StepExecutor::launch(StepPart part) noexcept {
  if (!queue_) return run(part, nullptr);
  launched_ns_ = now_ns();
  if (recorded_)
    device_.stopwatch()->replay(static_cast<std::size_t>(part));
  else
    queue_->enqueue(part);
}

std::optional<step::Period> StepExecutor::read() {
  if (!queue_) return std::nullopt;
  return queue_->read(launched_ns_, {begin_ns_, end_ns_});
}

Rehearsed StepExecutor::rehearsed(std::uint32_t index) const {
  const auto& bound = graph_[index].bound;
  return {index, schedule().works[schedule().operations[index].work], bound.send, bound.recv,
          bound.exchange->in_place_result_at()};
}

/// All that it waited for is complete: what communicates begins, what the host computes gets in
/// line.
void StepExecutor::release(std::uint32_t index, Witness* witness) {
  const auto& node = graph_[index];
  if (node.is_local() && !queue_) {
    ready_[node.stream] = index;
    return;
  }
  const auto* send = node.bound.send;
  if (witness != nullptr && !node.is_local()) {
    const auto* instead = witness->before(rehearsed(index));
    if (send != nullptr) send = instead;
  }
  begin_ns_[index] = now_ns();
  if (queue_)
    queue_->enqueue(index, send);
  else if (part_ != StepPart::compute)
    node.bound.exchange->start(send, node.bound.recv);
  under_way_[flying_++] = index;
}

void StepExecutor::complete(std::uint32_t index, Witness* witness) {
  end_ns_[index] = now_ns();
  const auto& node = graph_[index];
  if (witness != nullptr && !node.is_local()) witness->after(rehearsed(index));
  for (const auto follower : graph_.followers(node))
    if (--waits_[follower] == 0) release(follower, witness);
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
  const auto [first, last] = graph_[index].tiles;
  if (part_ != StepPart::communication)
    for (auto i = first; i < last; ++i)
      if (graph_.tiles().run(i) && looks) progress(witness);
  complete(index, witness);
}

bool StepExecutor::is_done(std::uint32_t index) noexcept {
  if (queue_) return queue_->done(index);
  return part_ == StepPart::compute || graph_[index].bound.exchange->test();
}

void StepExecutor::progress(Witness* witness) {
  for (std::size_t i = 0; i < flying_;) {
    const auto index = under_way_[i];
    if (!is_done(index)) {
      ++i;
      continue;
    }
    under_way_[i] = under_way_[--flying_];
    complete(index, witness);
  }
}

void StepExecutor::run(StepPart part, Witness* witness) {
  part_ = part;
  for (std::size_t i = 0; i < graph_.size(); ++i) waits_[i] = graph_[i].waits;
  for (std::uint32_t i = 0; i < graph_.size(); ++i)
    if (graph_[i].waits == 0) release(i, witness);
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
  graph_.check();
  if (queue_) queue_->check();
}

}  // namespace assay::bench

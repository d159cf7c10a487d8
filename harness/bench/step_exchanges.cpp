#include "harness/bench/step_exchanges.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/core/error.hpp"

namespace assay::bench {
namespace {

using step::Access;

class Collected final : public Exchange {
 public:
  explicit Collected(std::unique_ptr<comm::Nonblocking> call) : call_(std::move(call)) {}
  void start(const std::byte* send, std::byte* recv) noexcept override { call_->start(send, recv); }
  bool test() noexcept override { return call_->test(); }
  std::uint64_t in_place_result_at() const override { return call_->info().in_place_result_at; }
  void check() const override { call_->check(); }

 private:
  std::unique_ptr<comm::Nonblocking> call_;
};

class Passed final : public Exchange {
 public:
  Passed(std::unique_ptr<comm::Transfers> transfer, bool enqueues)
      : transfer_(std::move(transfer)), enqueues_(enqueues) {}
  /// What is sent is not written to.
  void start(const std::byte* send, std::byte* recv) noexcept override {
    auto* const data = recv == nullptr ? const_cast<std::byte*>(send) : recv;
    if (enqueues_)
      transfer_->carry_out(0, data);
    else
      transfer_->start(0, data);
  }
  bool test() noexcept override { return transfer_->test(0); }
  void check() const override { transfer_->check(); }

 private:
  std::unique_ptr<comm::Transfers> transfer_;
  bool enqueues_;
};

/// Enqueued on the stream that its device uses.
class Launched final : public Exchange {
 public:
  explicit Launched(std::unique_ptr<comm::Launch> call) : call_(std::move(call)) {}
  void start(const std::byte* send, std::byte* recv) noexcept override { (*call_)(send, recv); }
  std::uint64_t in_place_result_at() const override { return call_->info().in_place_result_at; }
  void check() const override { call_->check(); }

 private:
  std::unique_ptr<comm::Launch> call_;
};

/// Elements that a member sends and receives.
struct Extents {
  std::uint64_t send = 0, recv = 0;
};

Extents extents(const step::Collect& call, const comm::Communicator& among) {
  const auto size = static_cast<std::uint64_t>(among.size()), count = call.count;
  switch (call.collective) {
    case Collective::all_reduce:
    case Collective::send_recv:
      return {count, count};
    case Collective::all_gather:
      return {count, count * size};
    case Collective::reduce_scatter:
      return {count * size, count};
    case Collective::all_to_all:
      return {count * size, count * size};
    case Collective::all_to_all_v:
      return {call.counts->sent(among.rank(), among.size()),
              call.counts->received(among.rank(), among.size())};
    default:
      throw InternalError("a step has no such collective");
  }
}

}  // namespace

StepExchanges::StepExchanges(const step::Schedule& schedule, const StepMemory& memory,
                             std::span<comm::Communicator* const> communicators)
    : schedule_(schedule), memory_(memory), communicators_(communicators) {}

comm::Communicator& StepExchanges::communicator(const step::Work& work) const {
  auto* found = communicators_[*group_of(work)];
  invariant(found != nullptr, "a rank communicates in a group that it is not in");
  return *found;
}

std::unique_ptr<Exchange> StepExchanges::make(const step::Work& work,
                                              const step::Collect& call) const {
  auto& among = communicator(work);
  const comm::CollectiveCall wanted{.collective = call.collective,
                                    .type = call.type,
                                    .op = call.op,
                                    .count = call.count,
                                    .counts = call.counts.get()};
  if (among.done_on_return()) {
    if (auto made = among.nonblocking(wanted)) return std::make_unique<Collected>(std::move(made));
  } else if (auto made = among.native(wanted)) {
    return std::make_unique<Launched>(std::move(made));
  }
  throw RunError({work.name,
                  fmt::format("the library has no nonblocking {} of {} elements of {}",
                              name(call.collective), call.count, name(call.type)),
                  "choose a smaller model, or a layout with smaller messages"});
}

std::unique_ptr<Exchange> StepExchanges::make(const step::Work& work,
                                              const step::Message& message) const {
  using Way = comm::Transfer::Way;
  const bool sends = message.way == step::Message::Way::send;
  auto& among = communicator(work);
  auto transfer = among.transfers(
      {{sends ? Way::send : Way::receive, message.peer, message.count * size_of(message.type)}});
  return std::make_unique<Passed>(std::move(transfer), !among.done_on_return());
}

void StepExchanges::connect() {
  for (std::uint32_t group = 0; group < communicators_.size(); ++group)
    if (communicators_[group] != nullptr) connect(group);
}

/// Collectives as they are, for how they are carried out depends on their size; all members have
/// the same ones in the same order. Messages of no elements, all at once.
void StepExchanges::connect(std::uint32_t group) {
  std::vector<step::Collect> known;
  std::set<std::pair<step::Message::Way, int>> ends;
  for (const auto& operation : schedule_.operations) {
    const auto& what = schedule_.works[operation.work].what;
    if (const auto* message = std::get_if<step::Message>(&what);
        message != nullptr && message->group == group)
      ends.emplace(message->way, message->peer);
    const auto* call = std::get_if<step::Collect>(&what);
    if (call == nullptr || call->group != group || std::ranges::count(known, *call) > 0) continue;
    known.push_back(*call);
    const auto bound = operands(*call, operation);
    made_.at(operation.work)->start(bound.send, bound.recv);
  }
  if (ends.empty()) return;
  using Way = comm::Transfer::Way;
  std::vector<comm::Transfer> all;
  for (const auto& [way, peer] : ends)
    all.push_back({way == step::Message::Way::send ? Way::send : Way::receive, peer, 0});
  auto& messages = connecting_.emplace_back(communicators_[group]->transfers(all));
  for (std::size_t i = 0; i < all.size(); ++i) messages->start(i, nullptr);
  for (std::size_t i = 0; i < all.size(); ++i) messages->finish(i);
}

/// In place if one tensor is read and written and large enough for both. Else of what is read the
/// first of its type that is large enough, and likewise of what is written.
Bound StepExchanges::operands(const step::Collect& call, const step::Operation& operation) const {
  const auto [sent, received] = extents(call, communicator(schedule_.works[operation.work]));
  Bound bound;
  for (const auto& [slice, access] : operation.uses) {
    if (schedule_.buffers[slice.buffer].type != call.type) continue;
    const auto at = memory_.of(slice).data;
    if (access == Access::update && slice.count >= std::max(sent, received))
      return {nullptr, nullptr, at};
    if (access == Access::read && slice.count >= sent && bound.send == nullptr) bound.send = at;
    if (access != Access::read && slice.count >= received && bound.recv == nullptr) bound.recv = at;
  }
  invariant(bound.send != nullptr && bound.recv != nullptr,
            "a collective uses no memory that is large enough");
  return bound;
}

Bound StepExchanges::operands(const step::Message& message,
                              const step::Operation& operation) const {
  const bool sends = message.way == step::Message::Way::send;
  for (const auto& [slice, access] : operation.uses) {
    if ((access == Access::read) != sends || slice.count < message.count) continue;
    const auto at = memory_.of(slice).data;
    return sends ? Bound{nullptr, at, nullptr} : Bound{nullptr, nullptr, at};
  }
  throw InternalError("a message uses no memory that is large enough");
}

template <class What>
Bound StepExchanges::bind(const step::Operation& operation, const What& what) {
  auto& exchange = made_[operation.work];
  if (exchange == nullptr) exchange = make(schedule_.works[operation.work], what);
  auto bound = operands(what, operation);
  bound.exchange = exchange.get();
  return bound;
}

Bound StepExchanges::add(std::size_t index) {
  const auto& operation = schedule_.operations[index];
  const auto& what = schedule_.works[operation.work].what;
  if (const auto* call = std::get_if<step::Collect>(&what)) return bind(operation, *call);
  return bind(operation, std::get<step::Message>(what));
}

void StepExchanges::check() const {
  for (const auto& [work, exchange] : made_) exchange->check();
  for (const auto& messages : connecting_) messages->check();
}

}  // namespace assay::bench

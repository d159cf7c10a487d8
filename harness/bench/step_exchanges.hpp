// The communication of a step, resolved: collectives and messages that go on while others compute.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "harness/bench/step_memory.hpp"
#include "harness/comm/communicator.hpp"

namespace assay::bench {

/// One at a time: start, then test until it is true. What a device only enqueues is complete when
/// the device says so, and nobody tests it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// `send` null: in place.
  virtual void start(const std::byte* send, std::byte* recv) noexcept = 0;
  virtual bool test() noexcept { return true; }
  /// As comm::LaunchInfo has it.
  virtual std::uint64_t in_place_result_at() const { return 0; }
  /// Throws RunError.
  virtual void check() const = 0;
};

/// An operation's exchange and what it works on. Of a message one of both is null.
struct Bound {
  Exchange* exchange = nullptr;
  const std::byte* send = nullptr;
  std::byte* recv = nullptr;
};

class StepExchanges {
 public:
  /// `communicators` by group of the job; null where this rank uses none. All outlive it.
  StepExchanges(const step::Schedule& schedule, const StepMemory& memory,
                std::span<comm::Communicator* const> communicators);

  /// Resolves the operation of that index, which communicates. Throws RunError: the library cannot
  /// carry it out beside others; InternalError: it uses too little memory.
  Bound add(std::size_t operation);
  /// Collective over the job, for what is enqueued, when all is resolved: uses every connection
  /// once, in an order that all ranks have. A library that makes connections as they are needed has
  /// its caller wait for the peer's call meanwhile; in a step, the peer may wait for what the
  /// caller would enqueue next.
  void connect();
  /// Throws RunError.
  void check() const;

 private:
  comm::Communicator& communicator(const step::Work& work) const;
  Bound operands(const step::Collect& call, const step::Operation& operation) const;
  Bound operands(const step::Message& message, const step::Operation& operation) const;
  std::unique_ptr<Exchange> make(const step::Work& work, const step::Collect& call) const;
  std::unique_ptr<Exchange> make(const step::Work& work, const step::Message& message) const;
  void connect(std::uint32_t group);
  template <class What>
  Bound bind(const step::Operation& operation, const What& what);

  const step::Schedule& schedule_;
  const StepMemory& memory_;
  std::span<comm::Communicator* const> communicators_;
  std::map<std::uint32_t, std::unique_ptr<Exchange>> made_;  ///< by work
  std::vector<std::unique_ptr<comm::Transfers>> connecting_;
};

}  // namespace assay::bench

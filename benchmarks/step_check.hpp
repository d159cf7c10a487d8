// Verifies what a step communicates: every operation sends data that prove themselves, and what it
// leaves is held against the oracle of its collective.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "benchmarks/collective_spec.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/bench/step_executor.hpp"

namespace assay::benchmarks {

class StepCheck final : public bench::Witness {
 public:
  /// `context` and the communicators, by group of the job, outlive it. Throws RunError (memory).
  StepCheck(const bench::Context& context, std::span<comm::Communicator* const> communicators,
            const step::Schedule& schedule);

  const std::byte* before(const bench::Rehearsed& rehearsed) override;
  void after(const bench::Rehearsed& rehearsed) override;
  /// Elements checked, and the first wrong one: its `buffer` is the name of the operation.
  const VerifyReport& report() const { return report_; }

 private:
  /// From begin to end of an operation.
  struct Expected {
    OracleCall call{};
    std::uint64_t stream = 0;  ///< equal on all ranks that take part
  };
  const std::byte* collect(const bench::Rehearsed& rehearsed, const step::Collect& call);
  const std::byte* pass(const bench::Rehearsed& rehearsed, const step::Message& message);
  void collected(const bench::Rehearsed& rehearsed, const step::Collect& call);
  void passed(const bench::Rehearsed& rehearsed, const step::Message& message);
  std::uint64_t bytes_sent(const step::Work& work) const;
  std::uint64_t stream(std::uint32_t group, int from, int to);
  void compare(const bench::Rehearsed& rehearsed, const Piece& piece, std::uint64_t at);

  const bench::Context& context_;
  std::span<comm::Communicator* const> communicators_;
  struct Pair {
    std::uint32_t group = 0;
    int from = 0, to = 0;  ///< −1: a collective
    auto operator<=>(const Pair&) const = default;
  };
  std::map<Pair, std::uint64_t> passed_;  ///< operations so far
  std::map<std::size_t, Expected> expected_;
  /// What is sent instead, by group, which has one operation under way at a time. All of it is here
  /// before the first begins: to give memory of a GPU back, or to get some, may wait for all that
  /// is under way there, and that for ranks that do the same.
  std::map<std::uint32_t, device::Buffer> sent_;
  VerifyReport report_;
};

}  // namespace assay::benchmarks

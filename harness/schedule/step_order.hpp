// The order that dependencies, streams and communication give the operations of a step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/schedule/step.hpp"

namespace assay::step {

/// What is complete before each operation of one rank begins, whatever the speed of each stream.
class Clocks {
 public:
  explicit Clocks(std::size_t streams) : streams_(streams), latest_(streams, none) {}

  /// The next operation. `after` are earlier ones.
  void add(std::uint16_t stream, std::span<const std::uint32_t> after);
  /// Whether the earlier operation `first` of `stream` is complete when `then` begins.
  bool ordered(std::uint32_t first, std::uint16_t stream, std::uint32_t then) const {
    return seen_[then * streams_ + stream] > first;
  }
  /// Whether `first` is complete when the next operation of `then_stream` begins, so far.
  bool known(std::uint32_t first, std::uint16_t stream, std::uint16_t then_stream) const;

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  std::size_t streams_;
  std::vector<std::uint32_t> latest_;  ///< operation of each stream
  std::vector<std::uint16_t> stream_;  ///< of each operation
  /// [operation][stream]: one more than the last operation of it that is complete before.
  std::vector<std::uint32_t> seen_;
};

/// Operations of all schedules, numbered through, and which of them are one because they
/// communicate with one another.
struct Meetings {
  std::string problem;                 ///< empty: all that communicate find one another
  std::vector<std::size_t> base;       ///< number of the first operation of each schedule; the sum
  std::vector<std::uint32_t> meeting;  ///< of each: the lowest number of those that are one with it
};
Meetings meetings_of(const Job& job);

/// All operations so that each comes after what it waits for, those of a meeting one after the
/// other; fewer than all where some wait for ever.
std::vector<std::uint32_t> begin_order(const Job& job, const Meetings& meetings);

/// The same without overlap: what is computed and collectives go one after the other, as they are
/// issued. Messages still go on beside, for a receive that is issued early waits for nobody's
/// compute but its sender's. May have a problem_of() where the job has none.
Job serial(Job job);

/// The same where what communicates begins no earlier than all that was issued before it and
/// communicates, too, as a library does it whose communicators take turns to begin: a message that
/// cannot begin yet then holds up a collective that is issued later. May have a problem_of() where
/// the job has none.
Job begun_in_turn(Job job);

}  // namespace assay::step

// A schedule: what one rank does in one operation, as sends, receives, copies and reductions with
// dependencies. Pure data: it knows no library, no memory and no element type. Counts and offsets
// are elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace assay::schedule {

/// Whose memory: the caller's input (never written), the caller's output, or the schedule's own.
enum class Place { send, recv, scratch };

struct Region {
  Place place = Place::recv;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  friend bool operator==(const Region&, const Region&) = default;
};

/// Messages between two ranks match in the order in which they stand in the schedules.
struct Send {
  int peer = 0;
  Region from;
};
struct Receive {
  int peer = 0;
  Region to;
};
struct Copy {
  Region from, to;
};
/// into[i] = into[i] op from[i]
struct Reduce {
  Region from, into;
};

struct Operation {
  std::variant<Send, Receive, Copy, Reduce> action;
  std::vector<std::size_t> after;  ///< indices of earlier operations that must be complete before
  /// Of a message, the same at both ends, and later than those of all messages that either end
  /// depends on: where what is begun together must be waited for together.
  int round = 0;
};

/// Operations in an order in which they can be begun; complete when all of them are.
struct Schedule {
  std::vector<Operation> operations;
  std::uint64_t scratch = 0;  ///< elements
};

/// Elements of the caller's buffers on one rank.
struct Extent {
  std::uint64_t send = 0, recv = 0;
};

/// What is wrong with the schedules of all ranks of a group together; empty: nothing. Finds
/// regions out of bounds or written in the caller's input, sends and receives that do not match in
/// number or count, self-sends, dependencies on later operations, ranks that would wait for each
/// other for ever even if every message were synchronous, two unordered operations that touch the
/// same elements of which one writes, and rounds that are not as Operation has them.
std::string problem_of(std::span<const Schedule> ranks, std::span<const Extent> extents);

}  // namespace assay::schedule

// Builds a schedule from a program that reads as if it ran line by line: what an operation must
// wait for follows from the elements that it reads and writes.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "harness/schedule/algorithms.hpp"
#include "harness/schedule/schedule.hpp"

namespace assay::schedule {

/// Elements `first` … `first + count − 1` of a buffer.
struct Run {
  std::uint64_t first = 0, count = 0;
};

inline Region in_send(Run run) { return {Place::send, run.first, run.count}; }
inline Region in_recv(Run run) { return {Place::recv, run.first, run.count}; }
/// `run` of the elements of `region`.
inline Region part(const Region& region, Run run) {
  return {region.place, region.first + run.first, run.count};
}

/// Block `index` modulo `ranks` of `count` elements cut as evenly as can be, larger ones first.
Run even_block(std::uint64_t count, int ranks, int index);
/// Block `index` modulo shape.ranks of shape.ranks blocks of shape.count elements.
Run whole_block(const Shape& shape, int index);
/// `blocks` of them from the one of index `first` < shape.ranks on.
Run whole_blocks(const Shape& shape, int first, int blocks);
/// `count` elements cut into runs of shape.segment; none where there is nothing.
std::vector<Run> pieces(const Shape& shape, std::uint64_t count);

/// `index` modulo `ranks`, never negative for index ≥ −ranks.
inline int wrapped(int index, int ranks) { return (index + ranks) % ranks; }

/// Of a power of two.
inline int log2(int power) { return std::countr_zero(static_cast<unsigned>(power)); }

class Builder {
 public:
  /// Nothing is sent, received or done for a region without elements.
  void send(int peer, const Region& from);
  void receive(int peer, const Region& to);
  void copy(const Region& from, const Region& to);
  void reduce(const Region& from, const Region& into);
  /// A message without elements.
  void send_signal(int peer);
  void receive_signal(int peer);
  /// What follows begins when all before is complete.
  void next_step();
  /// Messages that follow are of this one: see Operation.
  void round(int index) { round_ = index; }
  /// More of the schedule's own memory.
  Region scratch(std::uint64_t count);
  Schedule take() { return std::move(schedule_); }

 private:
  /// Who wrote the elements up to `end` last, and who has read them since.
  struct Cell {
    std::uint64_t end = 0;
    std::size_t writer = 0;
    std::vector<std::size_t> readers;
  };
  using Cells = std::map<std::uint64_t, Cell>;  ///< by first element

  Cells& cells(Place place) { return cells_[static_cast<std::size_t>(place)]; }
  static void split(Cells& cells, std::uint64_t at);
  void note_read(const Region& region);
  void note_write(const Region& region);
  void add(decltype(Operation::action) action);

  Schedule schedule_;
  std::array<Cells, 3> cells_;
  std::vector<std::size_t> after_;  ///< of the operation that is being added
  std::vector<std::size_t> previous_step_, this_step_;
  int round_ = 0;
};

}  // namespace assay::schedule

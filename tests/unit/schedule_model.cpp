#include "tests/unit/schedule_model.hpp"

#include <array>
#include <deque>
#include <map>

#include "harness/schedule/order.hpp"

namespace assay::tests {

using namespace schedule;

namespace {

std::uint64_t sent(const Shape& shape, int from, int to) { return (*shape.counts)(from, to); }

/// Where the block for `to` begins in the input of `from`.
std::uint64_t row_offset(const Shape& shape, int from, int to) {
  std::uint64_t at = 0;
  for (int j = 0; j < to; ++j) at += sent(shape, from, j);
  return at;
}

Symbol expected_v(const Shape& shape, int rank, std::uint64_t index) {
  for (int from = 0; from < shape.ranks; ++from) {
    if (index < sent(shape, from, rank))
      return {row_offset(shape, from, rank) + index, from_rank(from)};
    index -= sent(shape, from, rank);
  }
  return garbage;
}

std::uint64_t all_ranks(const Shape& shape) {
  std::uint64_t sum = 0;
  for (int rank = 0; rank < shape.ranks; ++rank) sum += from_rank(rank);
  return sum;
}

}  // namespace

Extent extent_of(Collective collective, const Shape& shape, int rank) {
  const auto c = shape.count, all = c * static_cast<std::uint64_t>(shape.ranks);
  const bool root = rank == shape.root;
  Extent v;
  switch (collective) {
    case Collective::all_reduce:
    case Collective::send_recv:
      return {c, c};
    case Collective::reduce_scatter:
      return {all, c};
    case Collective::all_gather:
    case Collective::hypercube:
      return {c, all};
    case Collective::all_to_all:
      return {all, all};
    case Collective::all_to_all_v:
      for (int peer = 0; peer < shape.ranks; ++peer) {
        v.send += sent(shape, rank, peer);
        v.recv += sent(shape, peer, rank);
      }
      return v;
    case Collective::broadcast:
      return {root ? c : 0, c};
    case Collective::reduce:
      return {c, root ? c : 0};
    case Collective::gather:
      return {c, root ? all : 0};
    case Collective::scatter:
      return {root ? all : 0, c};
    case Collective::barrier:
      return {};
    case Collective::ping_pong:
      return {c, c};
    case Collective::unidirectional:
      return rank == 0 ? Extent{c * shape.window, 0} : Extent{0, c * shape.window};
    case Collective::bidirectional:
      return {c * shape.window, c * shape.window};
  }
  return {};
}

std::optional<Symbol> expected(Collective collective, const Shape& shape, int rank,
                               std::uint64_t index) {
  const auto c = shape.count, me = static_cast<std::uint64_t>(rank);
  const int block = c == 0 ? 0 : static_cast<int>(index / c);
  switch (collective) {
    case Collective::all_reduce:
    case Collective::reduce:
      return Symbol{index, all_ranks(shape)};
    case Collective::reduce_scatter:
      return Symbol{me * c + index, all_ranks(shape)};
    case Collective::all_gather:
    case Collective::hypercube:
    case Collective::gather:
      return Symbol{index % c, from_rank(block)};
    case Collective::all_to_all:
      return Symbol{me * c + index % c, from_rank(block)};
    case Collective::all_to_all_v:
      return expected_v(shape, rank, index);
    case Collective::broadcast:
      if (rank == shape.root) return std::nullopt;
      return Symbol{index, from_rank(shape.root)};
    case Collective::scatter:
      return Symbol{me * c + index, from_rank(shape.root)};
    case Collective::send_recv:
      return Symbol{index, from_rank((rank + shape.ranks - 1) % shape.ranks)};
    case Collective::barrier:
      return std::nullopt;
    case Collective::ping_pong:
    case Collective::unidirectional:
    case Collective::bidirectional:
      return Symbol{index, from_rank(1 - rank)};
  }
  return std::nullopt;
}

namespace {

struct Memory {
  std::array<std::vector<Symbol>, 3> places;
  Symbol& operator()(const Region& region, std::uint64_t i) {
    return places[static_cast<std::size_t>(region.place)][region.first + i];
  }
};

class Machine {
 public:
  Machine(const std::vector<Schedule>& schedules, const std::vector<Extent>& extents)
      : schedules_(schedules), memory_(schedules.size()), next_(schedules.size(), 0) {
    for (std::size_t rank = 0; rank < schedules.size(); ++rank) {
      auto& [send, recv, scratch] = memory_[rank].places;
      for (std::uint64_t i = 0; i < extents[rank].send; ++i)
        send.push_back({i, from_rank(static_cast<int>(rank))});
      recv.assign(extents[rank].recv, garbage);
      scratch.assign(schedules[rank].scratch, garbage);
    }
  }

  /// One rank after the other, each until it has nothing to receive. Messages take their elements
  /// along: sending never waits.
  bool run() {
    for (bool advanced = true; advanced;) {
      advanced = false;
      for (std::size_t rank = 0; rank < schedules_.size(); ++rank)
        while (next_[rank] < schedules_[rank].operations.size() && step(rank)) advanced = true;
    }
    for (std::size_t rank = 0; rank < schedules_.size(); ++rank)
      if (next_[rank] < schedules_[rank].operations.size()) return false;
    return true;
  }

  std::vector<Symbol> output(std::size_t rank) const { return memory_[rank].places[1]; }

 private:
  bool step(std::size_t rank) {
    auto& memory = memory_[rank];
    const auto me = static_cast<int>(rank);
    const auto& action = schedules_[rank].operations[next_[rank]].action;
    if (const auto* send = std::get_if<Send>(&action)) {
      auto& message = messages_[{me, send->peer}].emplace_back();
      for (std::uint64_t i = 0; i < send->from.count; ++i) message.push_back(memory(send->from, i));
    } else if (const auto* receive = std::get_if<Receive>(&action)) {
      auto& queue = messages_[{receive->peer, me}];
      if (queue.empty()) return false;
      for (std::uint64_t i = 0; i < receive->to.count; ++i) memory(receive->to, i) = queue[0][i];
      queue.pop_front();
    } else if (const auto* copy = std::get_if<Copy>(&action)) {
      for (std::uint64_t i = 0; i < copy->to.count; ++i)
        memory(copy->to, i) = memory(copy->from, i);
    } else {
      reduce(memory, std::get<Reduce>(action));
    }
    ++next_[rank];
    return true;
  }

  static void reduce(Memory& memory, const Reduce& reduce) {
    for (std::uint64_t i = 0; i < reduce.into.count; ++i) {
      auto& into = memory(reduce.into, i);
      const auto& from = memory(reduce.from, i);
      into = into.index == from.index ? Symbol{into.index, into.ranks + from.ranks} : garbage;
    }
  }

  struct Way {
    int from, to;
    auto operator<=>(const Way&) const = default;
  };
  const std::vector<Schedule>& schedules_;
  std::vector<Memory> memory_;
  std::vector<std::size_t> next_;
  std::map<Way, std::deque<std::vector<Symbol>>> messages_;
};

/// The k-th message of a rank on a way to or from a peer.
struct End {
  int from, to;
  std::size_t message;
  bool sending;
  auto operator<=>(const End&) const = default;
};

std::vector<std::optional<End>> ends_of(const Schedule& schedule, int rank) {
  std::map<int, std::size_t> sends, receives;
  std::vector<std::optional<End>> ends;
  for (const auto& operation : schedule.operations) {
    ends.emplace_back();
    if (const auto* send = std::get_if<Send>(&operation.action))
      ends.back() = {rank, send->peer, sends[send->peer]++, true};
    if (const auto* receive = std::get_if<Receive>(&operation.action))
      ends.back() = {receive->peer, rank, receives[receive->peer]++, false};
  }
  return ends;
}

}  // namespace

std::optional<std::vector<std::vector<Symbol>>> carry_out(const std::vector<Schedule>& schedules,
                                                          const std::vector<Extent>& extents) {
  Machine machine(schedules, extents);
  if (!machine.run()) return std::nullopt;
  std::vector<std::vector<Symbol>> outputs;
  for (std::size_t rank = 0; rank < schedules.size(); ++rank)
    outputs.push_back(machine.output(rank));
  return outputs;
}

bool orders_end(const std::vector<Schedule>& schedules,
                std::vector<Step> (*order)(const Schedule&)) {
  std::map<End, bool> begun;
  std::vector<std::vector<Step>> orders;
  std::vector<std::vector<std::optional<End>>> ends;
  std::vector<std::size_t> next(schedules.size(), 0);
  for (std::size_t rank = 0; rank < schedules.size(); ++rank) {
    orders.push_back(order(schedules[rank]));
    ends.push_back(ends_of(schedules[rank], static_cast<int>(rank)));
  }
  const auto step = [&](std::size_t rank) {
    if (next[rank] == orders[rank].size()) return false;
    const auto [what, operation] = orders[rank][next[rank]];
    if (auto end = ends[rank][operation]) {
      if (what == Step::What::begin) begun[*end] = true;
      end->sending = !end->sending;
      if (what == Step::What::finish && !begun[*end]) return false;
    }
    ++next[rank];
    return true;
  };
  for (bool advanced = true; advanced;) {
    advanced = false;
    for (std::size_t rank = 0; rank < orders.size(); ++rank)
      while (step(rank)) advanced = true;
  }
  for (std::size_t rank = 0; rank < orders.size(); ++rank)
    if (next[rank] != orders[rank].size()) return false;
  return true;
}

std::uint64_t SkewedCounts::operator()(int from, int to) const {
  return count_ * static_cast<std::uint64_t>((2 * from + 3 * to) % 4);
}

}  // namespace assay::tests

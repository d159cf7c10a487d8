// Patterns between two ranks: see benchmarks/point_to_point.cpp for what each means.
#include "harness/schedule/builds.hpp"

namespace assay::schedule::pair {

Schedule ping_pong(const Shape& shape, int rank) {
  const Operation send{Send{1 - rank, {Place::send, 0, shape.count}}, {}};
  const Operation receive{Receive{1 - rank, {Place::recv, 0, shape.count}}, {}};
  // Rank 1 answers what it has received; rank 0 may wait for the answer from the beginning.
  if (rank == 0) return {{receive, send}, 0};
  auto answer = send;
  answer.after = {0};
  return {{receive, answer}, 0};
}

Schedule unidirectional(const Shape& shape, int rank) {
  Schedule schedule;
  Operation acknowledge;
  for (std::uint64_t i = 0; i < shape.window; ++i) {
    const auto first = i * shape.count;
    if (rank == 0) {
      schedule.operations.push_back({Send{1, {Place::send, first, shape.count}}, {}});
    } else {
      schedule.operations.push_back({Receive{0, {Place::recv, first, shape.count}}, {}});
      acknowledge.after.push_back(i);
    }
  }
  if (rank == 0)
    acknowledge.action = Receive{1, {Place::recv, 0, 0}};
  else
    acknowledge.action = Send{0, {Place::send, 0, 0}};
  schedule.operations.push_back(std::move(acknowledge));
  return schedule;
}

Schedule bidirectional(const Shape& shape, int rank) {
  Schedule schedule;
  for (std::uint64_t i = 0; i < shape.window; ++i)
    schedule.operations.push_back(
        {Receive{1 - rank, {Place::recv, i * shape.count, shape.count}}, {}});
  for (std::uint64_t i = 0; i < shape.window; ++i)
    schedule.operations.push_back(
        {Send{1 - rank, {Place::send, i * shape.count, shape.count}}, {}});
  return schedule;
}

}  // namespace assay::schedule::pair

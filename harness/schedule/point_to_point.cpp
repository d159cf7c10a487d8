// Patterns between two ranks: see benchmarks/point_to_point.cpp for what each means.
#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"

namespace assay::schedule::pair {

namespace {

/// Message `index` of the window. One without elements is a message all the same.
void send(Builder& builder, const Shape& shape, int peer, std::uint64_t index) {
  if (shape.count == 0) return builder.send_signal(peer);
  builder.send(peer, in_send({index * shape.count, shape.count}));
}
void receive(Builder& builder, const Shape& shape, int peer, std::uint64_t index) {
  if (shape.count == 0) return builder.receive_signal(peer);
  builder.receive(peer, in_recv({index * shape.count, shape.count}));
}

}  // namespace

// What does not depend on anything is begun at once, receives first: see order().

Schedule ping_pong(const Shape& shape, int rank) {
  Builder builder;
  if (rank == 0) {
    send(builder, shape, 1, 0);
    builder.next_step();  // as everybody's ping-pong does: the answer is not awaited before
  }
  builder.round(1 - rank);
  receive(builder, shape, 1 - rank, 0);
  builder.next_step();
  builder.round(1);
  if (rank == 1) send(builder, shape, 0, 0);
  return builder.take();
}

Schedule unidirectional(const Shape& shape, int rank) {
  Builder builder;
  for (std::uint64_t i = 0; i < shape.window; ++i)
    rank == 0 ? send(builder, shape, 1, i) : receive(builder, shape, 0, i);
  builder.round(1);
  if (rank == 0) builder.receive_signal(1);
  builder.next_step();
  if (rank == 1) builder.send_signal(0);
  return builder.take();
}

Schedule bidirectional(const Shape& shape, int rank) {
  Builder builder;
  for (std::uint64_t i = 0; i < shape.window; ++i) send(builder, shape, 1 - rank, i);
  for (std::uint64_t i = 0; i < shape.window; ++i) receive(builder, shape, 1 - rank, i);
  return builder.take();
}

}  // namespace assay::schedule::pair

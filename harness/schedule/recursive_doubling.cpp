#include <bit>

#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"

namespace assay::schedule::doubling {

namespace {

/// A rank's sum so far: in the input until something arrives, then in the output.
class Sum {
 public:
  Sum(Builder& builder, const Shape& shape)
      : builder_(builder), shape_(shape), value_(in_send(whole())) {}

  void send(int peer) {
    for (const auto& piece : pieces(shape_, shape_.count)) builder_.send(peer, part(value_, piece));
  }
  void receive_final(int peer) {
    for (const auto& piece : pieces(shape_, shape_.count)) builder_.receive(peer, in_recv(piece));
  }
  /// Adds what `peer` has. What arrives first goes to the output, which needs no copy of the input.
  void add_from(int peer) {
    const bool first = value_.place == Place::send;
    if (!first && arrived_.count == 0) arrived_ = builder_.scratch(shape_.count);
    for (const auto& piece : pieces(shape_, shape_.count)) {
      builder_.receive(peer, part(first ? in_recv(whole()) : arrived_, piece));
      builder_.reduce(part(first ? value_ : arrived_, piece), in_recv(piece));
    }
    value_ = in_recv(whole());
  }

 private:
  Run whole() const { return {0, shape_.count}; }
  Builder& builder_;
  const Shape& shape_;
  Region value_;
  Region arrived_;
};

}  // namespace

/// The first 2·excess ranks fold in pairs, so that a power of two is left; the even ones of them
/// are given the result (Thakur et al., section 4.3).
Schedule all_reduce(const Shape& shape, int rank) {
  Builder builder;
  if (shape.ranks == 1) builder.copy(in_send({0, shape.count}), in_recv({0, shape.count}));
  const int power = static_cast<int>(std::bit_floor(static_cast<unsigned>(shape.ranks)));
  const int excess = shape.ranks - power;
  Sum sum(builder, shape);
  const bool folded = rank < 2 * excess;
  const int last = 1 + log2(power);
  if (folded && rank % 2 == 0) {
    sum.send(rank + 1);
    builder.round(last);
    sum.receive_final(rank + 1);
    return builder.take();
  }
  if (folded) sum.add_from(rank - 1);
  const int me = folded ? rank / 2 : rank - excess;
  for (int distance = 1; distance < power; distance *= 2) {
    builder.round(1 + log2(distance));
    const int other = me ^ distance;
    const int peer = other < excess ? 2 * other + 1 : other + excess;
    sum.send(peer);
    sum.add_from(peer);
  }
  builder.round(last);
  if (folded) sum.send(rank - 1);
  return builder.take();
}

Schedule all_gather(const Shape& shape, int rank) {
  Builder builder;
  const Run own{0, shape.count};
  const auto known = [&](int of, int distance) {
    const auto first = static_cast<std::uint64_t>(of & ~(distance - 1));
    return in_recv({first * shape.count, static_cast<std::uint64_t>(distance) * shape.count});
  };
  builder.copy(in_send(own), in_recv(whole_block(shape, rank)));
  for (int distance = 1; distance < shape.ranks; distance *= 2) {
    const int peer = rank ^ distance;
    builder.round(log2(distance));
    builder.send(peer, distance == 1 ? in_send(own) : known(rank, distance));
    builder.receive(peer, known(peer, distance));
  }
  return builder.take();
}

Schedule barrier(const Shape& shape, int rank) {
  Builder builder;
  for (int distance = 1; distance < shape.ranks; distance *= 2) {
    builder.round(log2(distance));
    builder.send_signal(wrapped(rank + distance, shape.ranks));
    builder.receive_signal(wrapped(rank - distance, shape.ranks));
    builder.next_step();
  }
  return builder.take();
}

}  // namespace assay::schedule::doubling

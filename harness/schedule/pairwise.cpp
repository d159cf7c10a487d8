#include "harness/core/error.hpp"
#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"

namespace assay::schedule::pairwise {

namespace {

/// Where what is exchanged with a rank lies in the input and in the output.
struct Exchange {
  Region out, in;
};

template <class ExchangeWith>
Schedule exchange_with_all(const Shape& shape, int rank, ExchangeWith with) {
  Builder builder;
  builder.copy(with(rank).out, with(rank).in);
  for (int distance = 1; distance < shape.ranks; ++distance) {
    builder.round(distance - 1);
    const int to = wrapped(rank + distance, shape.ranks);
    const int from = wrapped(rank - distance, shape.ranks);
    builder.send(to, with(to).out);
    builder.receive(from, with(from).in);
    builder.next_step();
  }
  return builder.take();
}

}  // namespace

Schedule reduce_scatter(const Shape& shape, int rank) {
  Builder builder;
  const Run whole{0, shape.count};
  const auto own = in_send(whole_block(shape, rank));
  if (shape.ranks == 1) builder.copy(own, in_recv(whole));
  const auto scratch = builder.scratch(shape.ranks > 2 ? shape.count : 0);
  for (int distance = 1; distance < shape.ranks; ++distance) {
    builder.round(distance - 1);
    const int to = wrapped(rank + distance, shape.ranks);
    const bool first = distance == 1;
    for (const auto& piece : pieces(shape, shape.count))
      builder.send(to, part(in_send(whole_block(shape, to)), piece));
    for (const auto& piece : pieces(shape, shape.count)) {
      // What arrives first goes to the output, which needs no copy of the input.
      builder.receive(wrapped(rank - distance, shape.ranks),
                      part(first ? in_recv(whole) : scratch, piece));
      builder.reduce(part(first ? own : scratch, piece), in_recv(piece));
    }
    builder.next_step();
  }
  return builder.take();
}

Schedule all_to_all(const Shape& shape, int rank) {
  return exchange_with_all(shape, rank, [&](int peer) {
    const auto block = whole_block(shape, peer);
    return Exchange{in_send(block), in_recv(block)};
  });
}

Schedule all_to_all_v(const Shape& shape, int rank) {
  invariant(shape.counts != nullptr, "all_to_all_v has a count for every pair of ranks");
  // Blocks lie in the order of ranks without gaps.
  std::vector<Exchange> blocks;
  std::uint64_t sent = 0, received = 0;
  for (int peer = 0; peer < shape.ranks; ++peer) {
    const auto to = (*shape.counts)(rank, peer), from = (*shape.counts)(peer, rank);
    blocks.push_back({in_send({sent, to}), in_recv({received, from})});
    sent += to;
    received += from;
  }
  return exchange_with_all(shape, rank,
                           [&](int peer) { return blocks[static_cast<std::size_t>(peer)]; });
}

}  // namespace assay::schedule::pairwise

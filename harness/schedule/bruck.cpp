#include <algorithm>

#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"

namespace assay::schedule::bruck {

Schedule all_gather(const Shape& shape, int rank) {
  Builder builder;
  const int n = shape.ranks;
  // Block i of it is that of rank + i.
  const auto known = builder.scratch(whole_blocks(shape, 0, n).count);
  builder.copy(in_send(whole_blocks(shape, 0, 1)), part(known, whole_blocks(shape, 0, 1)));
  for (int distance = 1; distance < n; distance *= 2) {
    builder.round(log2(distance));
    const int count = std::min(distance, n - distance);
    builder.send(wrapped(rank - distance, n), part(known, whole_blocks(shape, 0, count)));
    builder.receive(wrapped(rank + distance, n), part(known, whole_blocks(shape, distance, count)));
  }
  builder.copy(part(known, whole_blocks(shape, 0, n - rank)),
               in_recv(whole_blocks(shape, rank, n - rank)));
  builder.copy(part(known, whole_blocks(shape, n - rank, rank)),
               in_recv(whole_blocks(shape, 0, rank)));
  return builder.take();
}

/// A block for rank + i travels by the bits of i: in the round of a bit, all blocks that have it
/// go that far in one message.
Schedule all_to_all(const Shape& shape, int rank) {
  Builder builder;
  const int n = shape.ranks;
  const auto block = [&](const Region& region, int first, int count = 1) {
    return part(region, whole_blocks(shape, first, count));
  };
  const auto work = builder.scratch(whole_blocks(shape, 0, n).count);
  const auto out = builder.scratch(whole_blocks(shape, 0, n / 2).count);
  const auto in = builder.scratch(out.count);
  builder.copy(in_send(whole_blocks(shape, rank, n - rank)), block(work, 0, n - rank));
  builder.copy(in_send(whole_blocks(shape, 0, rank)), block(work, n - rank, rank));
  for (int distance = 1; distance < n; distance *= 2) {
    builder.round(log2(distance));
    // Blocks with this bit: runs of `distance`, every 2·distance.
    int packed = 0;
    const auto run_at = [&](int first) { return std::min(distance, n - first); };
    for (int i = distance; i < n; i += 2 * distance) {
      builder.copy(block(work, i, run_at(i)), block(out, packed, run_at(i)));
      packed += run_at(i);
    }
    builder.send(wrapped(rank + distance, n), block(out, 0, packed));
    builder.receive(wrapped(rank - distance, n), block(in, 0, packed));
    packed = 0;
    for (int i = distance; i < n; i += 2 * distance) {
      builder.copy(block(in, packed, run_at(i)), block(work, i, run_at(i)));
      packed += run_at(i);
    }
  }
  for (int i = 0; i < n; ++i) builder.copy(block(work, i), in_recv(whole_block(shape, rank - i)));
  return builder.take();
}

}  // namespace assay::schedule::bruck

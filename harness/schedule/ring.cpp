#include <array>

#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"
#include "harness/schedule/tree.hpp"

namespace assay::schedule::ring {

namespace {

int next(const Shape& shape, int rank) { return wrapped(rank + 1, shape.ranks); }
int previous(const Shape& shape, int rank) { return wrapped(rank - 1, shape.ranks); }

/// One step of a ring of reductions: `out` goes on, `in` arrives and takes `own` up.
struct Step {
  Region out, in, own;
};

void reduce_step(Builder& builder, const Shape& shape, int rank, const Step& step) {
  for (const auto& piece : pieces(shape, step.out.count))
    builder.send(next(shape, rank), part(step.out, piece));
  for (const auto& piece : pieces(shape, step.in.count)) {
    builder.receive(previous(shape, rank), part(step.in, piece));
    builder.reduce(part(step.own, piece), part(step.in, piece));
  }
}

}  // namespace

/// Partial sums arrive in the output and take the own contribution up from the input, so that
/// neither scratch memory nor a copy of the input is needed.
Schedule all_reduce(const Shape& shape, int rank) {
  Builder builder;
  const auto block = [&](int index) { return even_block(shape.count, shape.ranks, index); };
  if (shape.ranks == 1) builder.copy(in_send({0, shape.count}), in_recv({0, shape.count}));
  for (int step = 0; step < shape.ranks - 1; ++step) {
    builder.round(step);
    const auto out = block(rank - step), in = block(rank - step - 1);
    reduce_step(builder, shape, rank,
                {step == 0 ? in_send(out) : in_recv(out), in_recv(in), in_send(in)});
  }
  for (int step = 0; step < shape.ranks - 1; ++step) {
    builder.round(shape.ranks - 1 + step);
    const auto out = in_recv(block(rank + 1 - step)), in = in_recv(block(rank - step));
    for (const auto& piece : pieces(shape, out.count))
      builder.send(next(shape, rank), part(out, piece));
    for (const auto& piece : pieces(shape, in.count))
      builder.receive(previous(shape, rank), part(in, piece));
  }
  return builder.take();
}

Schedule reduce_scatter(const Shape& shape, int rank) {
  Builder builder;
  const int steps = shape.ranks - 1;
  const Run whole{0, shape.count};
  if (steps == 0) builder.copy(in_send(whole), in_recv(whole));
  // One partial sum is on its way out while the next one comes in.
  const std::array slots{builder.scratch(steps > 1 ? shape.count : 0),
                         builder.scratch(steps > 2 ? shape.count : 0)};
  auto out = in_send(whole_block(shape, rank - 1));
  for (int step = 0; step < steps; ++step) {
    builder.round(step);
    const auto in = step == steps - 1 ? in_recv(whole) : slots[static_cast<std::size_t>(step % 2)];
    const auto own = whole_block(shape, rank - 2 - step);
    reduce_step(builder, shape, rank, {out, in, in_send(own)});
    out = in;
  }
  return builder.take();
}

Schedule all_gather(const Shape& shape, int rank) {
  Builder builder;
  builder.copy(in_send({0, shape.count}), in_recv(whole_block(shape, rank)));
  for (int step = 0; step < shape.ranks - 1; ++step) {
    builder.round(step);
    builder.send(next(shape, rank),
                 step == 0 ? in_send({0, shape.count}) : in_recv(whole_block(shape, rank - step)));
    builder.receive(previous(shape, rank), in_recv(whole_block(shape, rank - step - 1)));
  }
  return builder.take();
}

/// A ring cut open before the root is a tree in which everyone has one child.
Schedule broadcast(const Shape& shape, int rank) {
  tree::Node node;
  node.depth = wrapped(rank - shape.root, shape.ranks);
  if (rank != shape.root) node.parent = previous(shape, rank);
  if (next(shape, rank) != shape.root) node.children = {next(shape, rank)};
  return tree::broadcast_to(node, shape);
}

Schedule send_recv(const Shape& shape, int rank) {
  Builder builder;
  const Run whole{0, shape.count};
  if (shape.ranks == 1) {
    builder.copy(in_send(whole), in_recv(whole));
  } else {
    builder.send(next(shape, rank), in_send(whole));
    builder.receive(previous(shape, rank), in_recv(whole));
  }
  return builder.take();
}

}  // namespace assay::schedule::ring

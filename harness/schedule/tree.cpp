#include "harness/schedule/tree.hpp"

#include <algorithm>
#include <bit>

#include "harness/schedule/builder.hpp"
#include "harness/schedule/builds.hpp"

namespace assay::schedule::tree {

namespace {

/// The binomial tree in ranks relative to the root: the parent of v is v without its lowest bit,
/// and the subtree of v is v and what follows it.
class Binomial {
 public:
  Binomial(const Shape& shape, int rank)
      : shape_(shape), relative_(wrapped(rank - shape.root, shape.ranks)) {}

  bool root() const { return relative_ == 0; }
  bool leaf() const { return size() == 1; }
  int size() const { return size_of_subtree(relative_); }
  int parent() const { return absolute(relative_ & (relative_ - 1)); }
  int depth() const { return std::popcount(static_cast<unsigned>(relative_)); }
  /// To the parent, if there is one.
  int distance() const { return relative_ & -relative_; }
  /// Distance to each child in relative ranks, nearest first.
  std::vector<int> distances() const {
    std::vector<int> found;
    for (int distance = 1; distance < size(); distance *= 2) found.push_back(distance);
    return found;
  }
  /// What has the longest way to go first.
  std::vector<int> distances_from_far() const {
    auto found = distances();
    std::reverse(found.begin(), found.end());
    return found;
  }
  int child(int distance) const { return absolute(relative_ + distance); }

  /// Blocks of the subtree of the child at `distance` (0: of this rank's own), as runs that are
  /// contiguous in the order of ranks too: two where it goes past the last rank.
  struct Blocks {
    int relative = 0;  ///< to this rank: where they lie in its scratch memory
    int absolute = 0;  ///< where they lie on the root
    int count = 0;
  };
  std::vector<Blocks> subtree(int distance) const {
    const int first = absolute(relative_ + distance);
    const int count = size_of_subtree(relative_ + distance);
    const int before_end = std::min(count, shape_.ranks - first);
    std::vector<Blocks> runs{{distance, first, before_end}};
    if (before_end < count) runs.push_back({distance + before_end, 0, count - before_end});
    return runs;
  }

 private:
  int absolute(int relative) const { return wrapped(relative + shape_.root, shape_.ranks); }
  int size_of_subtree(int relative) const {
    if (relative == 0) return shape_.ranks;
    return std::min(relative & -relative, shape_.ranks - relative);
  }

  const Shape& shape_;
  int relative_;
};

/// The blocks of a rank's subtree in its memory: in the caller's buffer on the root, in scratch
/// memory on inner ranks; a leaf has its own block only, where the caller wants it.
class Held {
 public:
  struct Caller {
    Place all;   ///< n·c elements on the root
    Region own;  ///< c elements on every rank
  };
  Held(Builder& builder, const Shape& shape, const Binomial& me, Caller caller)
      : shape_(shape), caller_(caller), root_(me.root()), apart_(me.root() || !me.leaf()) {
    if (apart_ && !root_) scratch_ = builder.scratch(whole_blocks(shape, 0, me.size()).count);
  }
  /// Whether the own block lies elsewhere than where the caller wants it.
  bool apart() const { return apart_; }
  Region operator()(const Binomial::Blocks& run) const {
    if (!apart_) return caller_.own;
    if (!root_) return part(scratch_, whole_blocks(shape_, run.relative, run.count));
    return part({caller_.all, 0, 0}, whole_blocks(shape_, run.absolute, run.count));
  }

 private:
  const Shape& shape_;
  Caller caller_;
  bool root_, apart_;
  Region scratch_;
};

}  // namespace

Schedule broadcast_to(const Node& node, const Shape& shape) {
  Builder builder;
  for (const auto& piece : pieces(shape, shape.count)) {
    const auto data = node.parent ? in_recv(piece) : in_send(piece);
    const auto index = static_cast<int>(piece.first / shape.segment);
    builder.round(index + node.depth - 1);
    if (node.parent) builder.receive(*node.parent, data);
    builder.round(index + node.depth);
    for (const int child : node.children) builder.send(child, data);
  }
  return builder.take();
}

Schedule broadcast(const Shape& shape, int rank) {
  const Binomial me(shape, rank);
  Node node;
  node.depth = me.depth();
  if (!me.root()) node.parent = me.parent();
  for (const int distance : me.distances_from_far()) node.children.push_back(me.child(distance));
  return broadcast_to(node, shape);
}

/// The first child's sum arrives where the own one is to be, so that the input is not copied.
Schedule reduce(const Shape& shape, int rank) {
  Builder builder;
  const Binomial me(shape, rank);
  const Run whole{0, shape.count};
  const auto distances = me.distances();
  if (shape.ranks == 1) builder.copy(in_send(whole), in_recv(whole));
  auto sum = in_recv(whole);
  if (!me.root()) sum = me.leaf() ? in_send(whole) : builder.scratch(shape.count);
  const auto arrived = builder.scratch(distances.size() > 1 ? shape.count : 0);
  for (const auto& piece : pieces(shape, shape.count)) {
    const auto index = static_cast<int>(piece.first / shape.segment);
    for (const int distance : distances) {
      builder.round(index + log2(distance));
      const bool first = distance == 1;
      builder.receive(me.child(distance), part(first ? sum : arrived, piece));
      builder.reduce(part(first ? in_send(whole) : arrived, piece), part(sum, piece));
    }
    if (me.root()) continue;
    builder.round(index + log2(me.distance()));
    builder.send(me.parent(), part(sum, piece));
  }
  return builder.take();
}

Schedule gather(const Shape& shape, int rank) {
  Builder builder;
  const Binomial me(shape, rank);
  const auto own = in_send({0, shape.count});
  const Held held(builder, shape, me, {Place::recv, own});
  if (held.apart()) builder.copy(own, held({0, rank, 1}));
  for (const int distance : me.distances()) {
    builder.round(log2(distance));
    for (const auto& run : me.subtree(distance)) builder.receive(me.child(distance), held(run));
  }
  if (me.root()) return builder.take();
  builder.round(log2(me.distance()));
  for (const auto& run : me.subtree(0)) builder.send(me.parent(), held(run));
  return builder.take();
}

Schedule scatter(const Shape& shape, int rank) {
  Builder builder;
  const Binomial me(shape, rank);
  const auto own = in_recv({0, shape.count});
  const Held held(builder, shape, me, {Place::send, own});
  // As gather, from the end.
  const auto last = static_cast<int>(std::bit_width(static_cast<unsigned>(shape.ranks)));
  if (!me.root()) {
    builder.round(last - log2(me.distance()));
    for (const auto& run : me.subtree(0)) builder.receive(me.parent(), held(run));
  }
  for (const int distance : me.distances_from_far()) {
    builder.round(last - log2(distance));
    for (const auto& run : me.subtree(distance)) builder.send(me.child(distance), held(run));
  }
  if (held.apart()) builder.copy(held({0, rank, 1}), own);
  return builder.take();
}

}  // namespace assay::schedule::tree

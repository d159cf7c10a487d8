// Every algorithm carries its collective out: on any ranks, counts and roots, whole or in segments.
#include "harness/schedule/algorithms.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/schedule/order.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay::schedule {
namespace {

struct Built {
  std::vector<Schedule> schedules;
  std::vector<Extent> extents;
};

Built build(const Algorithm& algorithm, const Shape& shape) {
  Built built;
  for (int rank = 0; rank < shape.ranks; ++rank) {
    built.schedules.push_back(algorithm.build(shape, rank));
    built.extents.push_back(tests::extent_of(algorithm.collective, shape, rank));
  }
  return built;
}

/// Wrong elements of all outputs.
std::size_t wrong(const Algorithm& algorithm, const Shape& shape, const Built& built) {
  const auto outputs = tests::carry_out(built.schedules, built.extents);
  if (!outputs) return ~std::size_t{0};
  std::size_t count = 0;
  for (int rank = 0; rank < shape.ranks; ++rank) {
    const auto& output = (*outputs)[static_cast<std::size_t>(rank)];
    for (std::uint64_t i = 0; i < output.size(); ++i) {
      const auto should = tests::expected(algorithm.collective, shape, rank, i);
      if (output[i] != should.value_or(tests::garbage)) ++count;
    }
  }
  return count;
}

bool rooted(Collective collective) {
  return collective == Collective::broadcast || collective == Collective::reduce ||
         collective == Collective::gather || collective == Collective::scatter;
}

void expect_right(const Algorithm& algorithm, const Shape& shape) {
  SCOPED_TRACE(std::string(name(algorithm.collective)) + " " + std::string(algorithm.name) + ", " +
               std::to_string(shape.ranks) + " ranks, " + std::to_string(shape.count) +
               " elements in segments of " + std::to_string(shape.segment) + ", root " +
               std::to_string(shape.root));
  const auto built = build(algorithm, shape);
  ASSERT_EQ(problem_of(built.schedules, built.extents), "");
  EXPECT_EQ(wrong(algorithm, shape, built), 0U);
  EXPECT_TRUE(tests::orders_end(built.schedules, order));
  EXPECT_TRUE(tests::orders_end(built.schedules, order_in_rounds));
}

TEST(PointToPoint, HasAWindowOfMessages) {
  for (const auto pattern : {Collective::unidirectional, Collective::bidirectional})
    for (const std::uint64_t count : {0U, 7U})
      expect_right(*find_algorithm(pattern, "direct"), {.ranks = 2, .count = count, .window = 5});
}

class EveryAlgorithm : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, EveryAlgorithm, testing::Values(1, 2, 3, 4, 5, 8, 9, 16));

TEST_P(EveryAlgorithm, CarriesItsCollectiveOut) {
  for (const auto& algorithm : algorithms())
    for (const std::uint64_t count : {0U, 1U, 7U, 64U, 1023U}) {
      if (!algorithm.refusal(GetParam()).empty()) continue;
      const tests::SkewedCounts counts(count);
      for (int root = 0; root < (rooted(algorithm.collective) ? GetParam() : 1); ++root)
        expect_right(algorithm, {GetParam(), count, root, &counts});
    }
}

TEST_P(EveryAlgorithm, CarriesItsCollectiveOutInSegments) {
  for (const auto& algorithm : algorithms())
    for (const std::uint64_t segment : {1U, 5U}) {
      if (!algorithm.refusal(GetParam()).empty()) continue;
      const tests::SkewedCounts counts(17);
      expect_right(algorithm, {GetParam(), 17, GetParam() / 2, &counts, segment});
    }
}

TEST(Algorithms, EveryCollectiveHasOneAndNamesAreUnique) {
  for (std::size_t i = 0; i < collective_names.size(); ++i)
    EXPECT_TRUE(std::any_of(algorithms().begin(), algorithms().end(), [&](const auto& row) {
      return row.collective == static_cast<Collective>(i);
    })) << collective_names[i];
  for (const auto& row : algorithms()) EXPECT_EQ(find_algorithm(row.collective, row.name), &row);
  EXPECT_EQ(find_algorithm(Collective::barrier, "ring"), nullptr);
}

TEST(Algorithms, RefuseRanksThatTheyCannotServe) {
  for (const auto collective : {Collective::all_gather, Collective::hypercube}) {
    const auto& doubling = *find_algorithm(collective, "recursive_doubling");
    EXPECT_EQ(doubling.refusal(8), "");
    EXPECT_EQ(doubling.refusal(6), "needs a power of two of ranks");
  }
  for (const auto& row : algorithms()) EXPECT_EQ(row.refusal(2), "");
  for (const auto pattern :
       {Collective::ping_pong, Collective::unidirectional, Collective::bidirectional})
    EXPECT_EQ(find_algorithm(pattern, "direct")->refusal(3), "is between two ranks");
}

struct Volume {
  std::size_t messages = 0;
  std::uint64_t elements = 0;
  friend bool operator==(const Volume&, const Volume&) = default;
};
void PrintTo(const Volume& volume, std::ostream* out) {
  *out << volume.messages << " messages, " << volume.elements << " elements";
}

Volume sent_by(const Schedule& schedule) {
  Volume volume;
  for (const auto& operation : schedule.operations)
    if (const auto* send = std::get_if<Send>(&operation.action)) {
      ++volume.messages;
      volume.elements += send->from.count;
    }
  return volume;
}

/// What each of the ranks sends, which is equal.
Volume sent(Collective collective, std::string_view name, const Shape& shape) {
  const auto built = build(*find_algorithm(collective, name), shape);
  const auto volume = sent_by(built.schedules.front());
  for (const auto& schedule : built.schedules) EXPECT_EQ(sent_by(schedule), volume);
  return volume;
}

TEST(Algorithms, SendWhatTheTextbooksSay) {
  using enum Collective;
  EXPECT_EQ(sent(all_reduce, "ring", {5, 10}), (Volume{8, 16}));  // 2(n−1) blocks of c/n
  EXPECT_EQ(sent(all_reduce, "recursive_doubling", {8, 10}), (Volume{3, 30}));
  EXPECT_EQ(sent(reduce_scatter, "ring", {5, 10}), (Volume{4, 40}));
  EXPECT_EQ(sent(reduce_scatter, "pairwise", {5, 10}), (Volume{4, 40}));
  EXPECT_EQ(sent(all_gather, "ring", {5, 10}), (Volume{4, 40}));
  EXPECT_EQ(sent(all_gather, "recursive_doubling", {8, 10}), (Volume{3, 70}));
  EXPECT_EQ(sent(all_gather, "bruck", {5, 10}), (Volume{3, 40}));
  EXPECT_EQ(sent(all_to_all, "pairwise", {5, 10}), (Volume{4, 40}));
  EXPECT_EQ(sent(all_to_all, "bruck", {8, 10}), (Volume{3, 120}));  // n/2 · log2 n blocks
  EXPECT_EQ(sent(all_to_all, "bruck", {5, 10}), (Volume{3, 50}));
  EXPECT_EQ(sent(send_recv, "direct", {5, 10}), (Volume{1, 10}));
  EXPECT_EQ(sent(barrier, "dissemination", {5}), (Volume{3, 0}));
  EXPECT_EQ(sent(ping_pong, "direct", {2, 10}), (Volume{1, 10}));
  EXPECT_EQ(sent(ping_pong, "direct", {2, 0}), (Volume{1, 0})) << "empty, but a message";
  EXPECT_EQ(sent(bidirectional, "direct", {.ranks = 2, .count = 10, .window = 3}), (Volume{3, 30}));
}

TEST(Algorithms, ExcessRanksFoldInAndOut) {
  const auto built = build(*find_algorithm(Collective::all_reduce, "recursive_doubling"), {6, 10});
  std::vector<std::size_t> messages;
  for (const auto& schedule : built.schedules) messages.push_back(sent_by(schedule).messages);
  EXPECT_EQ(messages, (std::vector<std::size_t>{1, 3, 1, 3, 2, 2}));
}

/// Messages on the longest way from the root.
int depth(const Algorithm& algorithm, const Shape& shape) {
  std::vector<int> depths(static_cast<std::size_t>(shape.ranks), 0);
  const auto built = build(algorithm, shape);
  for (int round = 0; round < shape.ranks; ++round)
    for (std::size_t rank = 0; rank < depths.size(); ++rank)
      for (const auto& operation : built.schedules[rank].operations)
        if (const auto* receive = std::get_if<Receive>(&operation.action))
          depths[rank] = depths[static_cast<std::size_t>(receive->peer)] + 1;
  return *std::max_element(depths.begin(), depths.end());
}

TEST(Algorithms, TreesAreAsDeepAsTheyShould) {
  const auto& tree = *find_algorithm(Collective::broadcast, "tree");
  const auto& ring = *find_algorithm(Collective::broadcast, "ring");
  EXPECT_EQ(depth(tree, {16, 10, 3}), 4);
  EXPECT_EQ(depth(tree, {9, 10, 3}), 3);  // 8 = 1000₂ is a child of the root
  EXPECT_EQ(depth(tree, {1, 10}), 0);
  EXPECT_EQ(depth(ring, {9, 10, 3}), 8);
  EXPECT_EQ(sent_by(tree.build({16, 10, 3}, 3)), (Volume{4, 40}));
  const auto& gather = *find_algorithm(Collective::gather, "tree");
  std::size_t messages = 0;
  for (const auto& schedule : build(gather, {9, 10}).schedules)
    messages += sent_by(schedule).messages;
  EXPECT_EQ(messages, 8U);
}

/// Bits of the ranks that must have entered before `operation` of `rank` completes.
using Known = std::vector<std::vector<unsigned>>;
unsigned known_at(const Built& built, const Known& known, std::size_t rank, std::size_t operation) {
  const auto& [action, after, round] = built.schedules[rank].operations[operation];
  unsigned bits = 1U << rank;
  for (const auto dependency : after) bits |= known[rank][dependency];
  const auto* receive = std::get_if<Receive>(&action);
  if (receive == nullptr) return bits;
  const auto peer = static_cast<std::size_t>(receive->peer);
  for (std::size_t i = 0; i < known[peer].size(); ++i) {
    const auto* send = std::get_if<Send>(&built.schedules[peer].operations[i].action);
    if (send != nullptr && send->peer == static_cast<int>(rank)) bits |= known[peer][i];
  }
  return bits;
}

TEST_P(EveryAlgorithm, ABarrierLetsNobodyThroughBeforeTheLastHasEntered) {
  const auto ranks = static_cast<std::size_t>(GetParam());
  const auto built = build(*find_algorithm(Collective::barrier, "dissemination"), {GetParam()});
  Known known(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank)
    known[rank].resize(built.schedules[rank].operations.size());
  for (std::size_t round = 0; round < ranks; ++round)
    for (std::size_t rank = 0; rank < ranks; ++rank)
      for (std::size_t i = 0; i < known[rank].size(); ++i)
        known[rank][i] = known_at(built, known, rank, i);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    unsigned all = 1U << rank;
    for (const auto bits : known[rank]) all |= bits;
    EXPECT_EQ(all, (1U << ranks) - 1) << "rank " << rank;
  }
}

TEST(Algorithms, SegmentsOfOneStepDoNotWaitForEachOther) {
  const auto ring = find_algorithm(Collective::all_reduce, "ring")->build({3, 12, 0, {}, 2}, 0);
  // Begun before anything has arrived: all sends of the first block, and receives of everything
  // but what replaces partial sums that are still to be sent on.
  std::size_t sends = 0, receives = 0;
  for (const auto& step : order(ring)) {
    if (step.what == Step::What::finish) break;
    const auto& action = ring.operations[step.operation].action;
    sends += std::holds_alternative<Send>(action) ? 1U : 0U;
    receives += std::holds_alternative<Receive>(action) ? 1U : 0U;
  }
  EXPECT_EQ(sends, 2U);
  EXPECT_EQ(receives, 2U * 2U + 2U);
}

}  // namespace
}  // namespace assay::schedule

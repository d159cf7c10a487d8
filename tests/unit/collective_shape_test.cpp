#include "benchmarks/collective_shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "harness/core/error.hpp"

namespace assay::benchmarks {
namespace {

using testing::Each;
using testing::ElementsAre;

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

/// Row by row.
std::vector<std::uint64_t> counts_of(std::string_view rule, int ranks, std::uint64_t elements,
                                     const TrafficMatrix* matrix = nullptr) {
  const Traffic traffic(rule, matrix, ranks, elements);
  std::vector<std::uint64_t> counts;
  std::uint64_t largest = 0;
  for (int i = 0; i < ranks; ++i) {
    for (int j = 0; j < ranks; ++j) counts.push_back(traffic(i, j));
    // What is known without asking for every pair is what every pair says.
    for (const int end : {ranks, ranks - 1}) {
      EXPECT_EQ(traffic.sent(i, end), traffic.PairCounts::sent(i, end));
      EXPECT_EQ(traffic.received(i, end), traffic.PairCounts::received(i, end));
    }
    largest = std::max({largest, traffic.sent(i, ranks), traffic.received(i, ranks)});
  }
  EXPECT_EQ(traffic.largest(), largest);
  return counts;
}

TEST(Traffic, UniformSharesAreEqual) {
  EXPECT_THAT(counts_of("uniform", 3, 100), Each(33U));
  EXPECT_THAT(counts_of("uniform", 3, 2), Each(1U)) << "too small to divide: one element each";
  EXPECT_THAT(counts_of("uniform", 3, 0), Each(0U));
}

TEST(Traffic, SkewedIsTheSameEverywhere) {
  // Literals: both parties must come to the same matrix.
  EXPECT_THAT(counts_of("skewed:7", 3, 1'000'000),
              ElementsAre(570175, 5909, 193959, 129840, 78995, 105690, 299983, 0, 15804));
  EXPECT_NE(counts_of("skewed:7", 3, 1000), counts_of("skewed:8", 3, 1000));
}

TEST(Traffic, SkewedFillsTheBusiestRankAndLeavesGaps) {
  const std::size_t n = 32;
  const auto matrix = counts_of("skewed:1", n, 1 << 20);
  const auto busiest = Traffic("skewed:1", nullptr, n, 1 << 20).largest();
  EXPECT_LE(busiest, 1U << 20);
  EXPECT_GT(busiest, (1U << 20) - 2 * n) << "rounding down loses less than an element per pair";
  for (std::size_t i = 0; i < n; ++i) EXPECT_GT(matrix[i * n + i], 0U);
  const auto gaps = std::count(matrix.begin(), matrix.end(), 0U);
  EXPECT_GT(gaps, 64);
  EXPECT_LT(gaps, 192);
  EXPECT_LT(sum(matrix), std::uint64_t{n} << 20);
}

TEST(Traffic, AFileSaysTheRatios) {
  const TrafficMatrix matrix{3, {4, 0, 4, 0, 0, 0, 1, 0, 3}};
  EXPECT_THAT(counts_of("file:x", 3, 800, &matrix), ElementsAre(400, 0, 400, 0, 0, 0, 100, 0, 300));
  EXPECT_THAT(counts_of("file:x", 3, 4, &matrix), ElementsAre(2, 0, 2, 0, 0, 0, 1, 0, 1))
      << "down, but to one at least";
  const auto top = std::uint64_t{1} << 50;
  const TrafficMatrix huge{2, {top, top, 0, 0}};
  EXPECT_THAT(counts_of("file:x", 2, top, &huge), ElementsAre(top / 2, top / 2, 0, 0))
      << "nothing overflows";
  EXPECT_THROW(Traffic("file:x", &matrix, 2, 8), InternalError);
  EXPECT_THROW(Traffic("file:x", nullptr, 3, 8), InternalError);
}

TEST(Traffic, HugeSizesDoNotOverflow) {
  const std::uint64_t elements = std::uint64_t{1} << 43;
  const auto matrix = counts_of("skewed:1", 2, elements);
  EXPECT_LE(matrix[0] + matrix[1], elements);
  EXPECT_LE(matrix[0] + matrix[2], elements);
  EXPECT_GT(sum(matrix), elements / 2);
}

Dims dims(std::string root, bool in_place) {
  return {{"type", std::string("int8")},
          {"bytes", std::int64_t{12}},
          {"root", std::move(root)},
          {"in_place", in_place}};
}

TEST(CollectiveShape, RootsHaveTheirBuffers) {
  const CollectiveShape gather(gather_spec, dims("1", false), 3, 0);
  EXPECT_EQ(gather.extent(0).recv, 0U);
  EXPECT_EQ(gather.extent(1).recv, 12U);
  EXPECT_EQ(gather.extent(1).send, 4U);
  EXPECT_EQ(gather.largest().recv, 12U);
  const CollectiveShape turns(gather_spec, dims("rotating", false), 3, 0);
  EXPECT_EQ(turns.extent(0).recv, 12U) << "every rank is the root some time";
  EXPECT_THAT(turns.roots(), ElementsAre(0, 1, 2));
}

TEST(CollectiveShape, InPlaceThereIsOneBuffer) {
  const CollectiveShape scatter(scatter_spec, dims("2", true), 3, 0);
  EXPECT_EQ(scatter.extent(2).send, 0U);
  EXPECT_EQ(scatter.extent(2).recv, 12U);
  EXPECT_EQ(scatter.extent(0).recv, 4U);
}

TEST(CollectiveSpec, BusFactorsAreThoseOfNcclTests) {
  // doc/PERFORMANCE.md for 4 ranks and c = 10 elements.
  const OracleCall call{.ranks = 4, .count = 10};
  const auto bus = [&](const CollectiveSpec& spec) {
    return spec.alg_elements(call) * spec.bus_factor(4);
  };
  EXPECT_DOUBLE_EQ(bus(all_reduce_spec), 10 * 2 * 3 / 4.0);
  for (const auto* spec : {&reduce_scatter_spec, &all_gather_spec, &all_to_all_spec, &gather_spec,
                           &scatter_spec, &hypercube_spec})
    EXPECT_DOUBLE_EQ(bus(*spec), 10 * 3) << name(spec->collective);
  for (const auto* spec : {&broadcast_spec, &reduce_spec, &send_recv_spec})
    EXPECT_DOUBLE_EQ(bus(*spec), 10) << name(spec->collective);
  EXPECT_DOUBLE_EQ(bus(all_to_all_v_spec), 10 * 3 / 4.0);
}

TEST(CollectiveSpec, TheTableHasEveryCollectiveInOrder) {
  ASSERT_EQ(collective_specs().size(), collective_names.size());
  for (std::size_t i = 0; i < collective_names.size(); ++i)
    EXPECT_EQ(name(collective_specs()[i]->collective), collective_names[i]);
}

}  // namespace
}  // namespace assay::benchmarks

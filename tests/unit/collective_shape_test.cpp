#include "benchmarks/collective_shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace assay::benchmarks {
namespace {

using testing::Each;
using testing::ElementsAre;

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

TEST(CountsMatrix, UniformSharesAreEqual) {
  EXPECT_THAT(counts_matrix("uniform", 3, 100), Each(33U));
  EXPECT_THAT(counts_matrix("uniform", 3, 2), Each(1U)) << "too small to divide: one element each";
  EXPECT_THAT(counts_matrix("uniform", 3, 0), Each(0U));
}

TEST(CountsMatrix, SkewedIsTheSameEverywhere) {
  // Literals: both parties must come to the same matrix.
  EXPECT_THAT(counts_matrix("skewed:7", 3, 1'000'000),
              ElementsAre(570175, 5909, 193959, 129840, 78995, 105690, 299983, 0, 15804));
  EXPECT_NE(counts_matrix("skewed:7", 3, 1000), counts_matrix("skewed:8", 3, 1000));
}

TEST(CountsMatrix, SkewedFillsTheBusiestRankAndLeavesGaps) {
  const std::size_t n = 32;
  const auto matrix = counts_matrix("skewed:1", n, 1 << 20);
  std::uint64_t busiest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t row = 0, column = 0;
    for (std::size_t j = 0; j < n; ++j) {
      row += matrix[i * n + j];
      column += matrix[j * n + i];
    }
    EXPECT_GT(matrix[i * n + i], 0U);
    busiest = std::max({busiest, row, column});
  }
  EXPECT_LE(busiest, 1U << 20);
  EXPECT_GT(busiest, (1U << 20) - 2 * n) << "rounding down loses less than an element per pair";
  const auto gaps = std::count(matrix.begin(), matrix.end(), 0U);
  EXPECT_GT(gaps, 64);
  EXPECT_LT(gaps, 192);
  EXPECT_LT(sum(matrix), std::uint64_t{n} << 20);
}

TEST(CountsMatrix, HugeSizesDoNotOverflow) {
  const std::uint64_t elements = std::uint64_t{1} << 43;
  const auto matrix = counts_matrix("skewed:1", 2, elements);
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

// Local work of a step: what its tiles leave in memory, against the plain definition.
#include "harness/bench/step_tiles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "harness/core/error.hpp"
#include "harness/schedule/step_builder.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::bench {
namespace {

using step::read;
using step::Slice;
using step::update;
using step::write;
using Matrix = std::vector<double>;

class StepTilesTest : public testing::Test {
 protected:
  Slice buffer(std::uint64_t count) { return build.buffer("x", DataType::fp64, count); }
  /// One operation, and all its tiles.
  void prepare(const step::Work& work, std::vector<step::Use> uses) {
    build.add(0, work, std::move(uses));
    schedule = build.done();
    memory.emplace(schedule, *device);
    tiles.emplace(schedule, *memory, *device, sizes);
    range = tiles->add(0);
  }
  void run() {
    for (auto i = range.first; i < range.last; ++i) tiles->run(i);
    tiles->check();
  }
  double* data(const Slice& slice) const {
    return reinterpret_cast<double*>(memory->of(slice).data);
  }
  Matrix values(const Slice& slice) const { return {data(slice), data(slice) + slice.count}; }
  void set(const Slice& slice, std::uint64_t seed) const {
    for (std::size_t i = 0; i < slice.count; ++i)
      data(slice)[i] = std::sin(static_cast<double>(seed * 1000 + i));
  }
  std::size_t looks() {
    std::size_t count = 0;
    for (auto i = range.first; i < range.last; ++i) count += tiles->run(i) ? 1 : 0;
    return count;
  }

  step::Builder build{1};
  step::Schedule schedule;
  std::unique_ptr<device::Device> device = device::make_host_device();
  TileSizes sizes{.rows = 4};
  std::optional<StepMemory> memory;
  std::optional<StepTiles> tiles;
  TileRange range;
};

void expect_near(const Matrix& actual, const Matrix& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 1e-9) << i;
}

step::Gemm product(std::vector<step::GemmShape> shapes) {
  return {std::move(shapes), DataType::fp64, DataType::fp64};
}

TEST_F(StepTilesTest, AProductIsTheSameInTilesOfRows) {
  const auto a = buffer(10 * 3), b = buffer(3 * 5), c = buffer(10 * 5);
  auto work = product({{10, 5, 3}});
  work.accumulate = true;
  // B is read first: which is which follows from their sizes.
  prepare({"product", work}, {read(b), read(a), update(c)});
  EXPECT_EQ(range.last - range.first, 2U);
  set(a, 1);
  set(b, 2);
  set(c, 3);
  auto expected = values(c);
  for (std::size_t i = 0; i < 10; ++i)
    for (std::size_t j = 0; j < 5; ++j)
      for (std::size_t k = 0; k < 3; ++k)
        expected[i * 5 + j] += data(a)[i * 3 + k] * data(b)[k * 5 + j];
  run();
  expect_near(values(c), expected);
}

TEST_F(StepTilesTest, ProductsOfAGroupLieBehindEachOther) {
  const auto a = buffer(7), b = buffer(4), c = buffer(7);
  prepare({"products", product({{2, 1, 1}, {2, 1, 1}, {0, 1, 1}, {3, 1, 1}})},
          {read(a), read(b), write(c)});
  set(a, 1);
  set(b, 2);
  run();
  Matrix expected;
  for (std::size_t i = 0; i < 7; ++i)
    expected.push_back(data(a)[i] * data(b)[i < 2 ? 0 : i < 4 ? 1 : 3]);
  expect_near(values(c), expected);
}

TEST_F(StepTilesTest, RefusesWhatTheHostCannotMultiply) {
  const auto a = buffer(1), b = buffer(1), c = buffer(1);
  EXPECT_EQ(test::failure([&] {
              prepare({"qkv", step::Gemm{{{1, 1, 1}}, DataType::fp32, DataType::bf16}},
                      {read(a), read(b), write(c)});
            }),
            "qkv: there is no product of fp32 matrices that gives bf16; choose other types");
}

TEST_F(StepTilesTest, RefusesMemoryThatIsTooSmall) {
  const auto a = buffer(5), b = buffer(6), c = buffer(4);
  EXPECT_THROW(prepare({"product", product({{2, 2, 3}})}, {read(a), read(b), write(c)}),
               InternalError);
}

/// Attention of one query head, as the tiles have it: blocks of queries that see the keys up to
/// those of their last query.
struct Plain {
  std::size_t queries, keys, qk, v, blocks;
  bool sees(std::size_t query, std::size_t key) const {
    const auto block = query * blocks / queries;
    return key < keys * (queries * (block + 1) / blocks) / queries;
  }
  double scale() const { return 1 / std::sqrt(static_cast<double>(qk)); }
  Matrix probabilities(const double* q, const double* k) const {
    Matrix p(queries * keys);
    for (std::size_t i = 0; i < queries; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < keys; ++j) {
        double score = 0;
        for (std::size_t d = 0; d < qk; ++d) score += q[i * qk + d] * k[j * qk + d];
        sum += p[i * keys + j] = sees(i, j) ? std::exp(scale() * score) : 0;
      }
      for (std::size_t j = 0; j < keys; ++j) p[i * keys + j] /= sum;
    }
    return p;
  }
};

TEST_F(StepTilesTest, AttendsToTheKeysBeforeABlock) {
  const Plain plain{32, 32, 3, 5, 2};
  const step::Attention work{1, 32, 32, 2, 1, 3, 5, 0, false, DataType::fp64};
  const auto qkv = buffer(2 * 32 * 3 + 32 * 3 + 32 * 5), out = buffer(2 * 32 * 5);
  prepare({"attention", work}, {read(qkv), write(out)});
  set(qkv, 1);
  run();
  const auto *k = data(qkv) + 2 * 32 * 3, *v = k + 32 * 3;
  Matrix expected(out.count);
  for (std::size_t head = 0; head < 2; ++head) {
    const auto p = plain.probabilities(data(qkv) + head * 32 * 3, k);
    for (std::size_t i = 0; i < 32; ++i)
      for (std::size_t j = 0; j < 32; ++j)
        for (std::size_t d = 0; d < 5; ++d)
          expected[(head * 32 + i) * 5 + d] += p[i * 32 + j] * v[j * 5 + d];
  }
  expect_near(values(out), expected);
}

TEST_F(StepTilesTest, GradientsOfAttentionAddUpOverHeadsThatShareKeys) {
  const Plain plain{32, 32, 3, 5, 2};
  const step::Attention work{1, 32, 32, 2, 1, 3, 5, 0, true, DataType::fp64};
  const auto qkv = buffer(2 * 32 * 3 + 32 * 3 + 32 * 5), dout = buffer(2 * 32 * 5),
             dqkv = buffer(qkv.count);
  prepare({"attention", work}, {read(qkv), read(dout), write(dqkv)});
  set(qkv, 1);
  set(dout, 2);
  run();
  const auto *k = data(qkv) + 2 * 32 * 3, *v = k + 32 * 3;
  Matrix expected(qkv.count);
  auto *dk = expected.data() + 2 * 32 * 3, *dv = dk + 32 * 3;
  for (std::size_t head = 0; head < 2; ++head) {
    const auto *q = data(qkv) + head * 32 * 3, *g = data(dout) + head * 32 * 5;
    auto* dq = expected.data() + head * 32 * 3;
    const auto p = plain.probabilities(q, k);
    for (std::size_t i = 0; i < 32; ++i) {
      Matrix dp(32);
      double sum = 0;
      for (std::size_t j = 0; j < 32; ++j) {
        for (std::size_t d = 0; d < 5; ++d) {
          dv[j * 5 + d] += p[i * 32 + j] * g[i * 5 + d];
          dp[j] += g[i * 5 + d] * v[j * 5 + d];
        }
        sum += p[i * 32 + j] * dp[j];
      }
      for (std::size_t j = 0; j < 32; ++j)
        for (std::size_t d = 0; d < 3; ++d) {
          const double ds = plain.scale() * p[i * 32 + j] * (dp[j] - sum);
          dq[i * 3 + d] += ds * k[j * 3 + d];
          dk[j * 3 + d] += ds * q[i * 3 + d];
        }
    }
  }
  expect_near(values(dqkv), expected);
}

TEST_F(StepTilesTest, AWindowLeavesOutKeysBeforeIt) {
  const step::Attention work{1, 64, 64, 1, 1, 3, 5, 8, false, DataType::fp64};
  const auto qkv = buffer(64 * 11), out = buffer(64 * 5);
  prepare({"attention", work}, {read(qkv), write(out)});
  set(qkv, 1);
  // The last block, queries 48 to 63, sees keys from 40 on.
  for (std::size_t i = 0; i < 40 * 5; ++i) data(qkv)[2 * 64 * 3 + i] = NAN;
  run();
  const auto result = values(out);
  EXPECT_TRUE(std::all_of(result.end() - 16 * 5, result.end(), [](double x) { return x == x; }));
  EXPECT_NE(result[47 * 5], result[47 * 5]) << "the block before sees from 24 on";
}

TEST_F(StepTilesTest, ElementWiseWorkWritesOrdinaryNumbersWhateverItReads) {
  const auto in = buffer(4000), out = buffer(2000), none = buffer(3);
  prepare({"norm", step::ElementWise{3 * 16'000}}, {read(in), write(out), write(none)});
  for (std::size_t i = 0; i < 4000; ++i) data(in)[i] = 1e300;
  for (std::size_t i = 0; i < 2000; ++i) data(out)[i] = 0;
  run();
  const auto* floats = reinterpret_cast<const float*>(data(out));
  for (std::size_t i = 0; i < 4000; ++i) {
    ASSERT_GE(std::abs(floats[i]), 1.F / 16) << i;
    ASSERT_LE(std::abs(floats[i]), 1.F) << i;
  }
  EXPECT_EQ(data(in)[0], 1e300);
}

TEST_F(StepTilesTest, LooksBesideAfterSoMuchWork) {
  const auto out = buffer(1 << 17);  // 1 MiB
  sizes.seconds = 50e-6;
  prepare({"clear", step::ElementWise{1 << 20}}, {write(out)});
  EXPECT_GT(range.last - range.first, 40U);
  const auto often = looks();
  EXPECT_GE(often, 2U);
  EXPECT_LT(often, 20U);
}

}  // namespace
}  // namespace assay::bench

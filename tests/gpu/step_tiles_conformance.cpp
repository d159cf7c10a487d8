// Local work of a step on a GPU gives what it gives on the host, in few launches. As
// device_conformance.cpp linked with CUDA and with its double.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "benchmarks/gemm_data.hpp"
#include "harness/bench/step_tiles.hpp"
#include "harness/device/cuda_device.hpp"
#include "harness/schedule/step_builder.hpp"
#include "kernels/float_formats.hpp"

namespace assay::bench {
namespace {

using step::Access;

struct Operand {
  std::uint64_t count;
  Access access;
  DataType type;
};

/// One operation, of which the device makes the tiles, and what they leave in memory.
class OneOperation {
 public:
  OneOperation(device::Device& device, const step::Work& work, const std::vector<Operand>& operands)
      : device_(device) {
    step::Builder build{1};
    std::vector<step::Use> uses;
    for (const auto& [count, access, type] : operands) {
      slices_.push_back(build.buffer("x", type, count));
      types_.push_back(type);
      uses.push_back({slices_.back(), access});
    }
    build.add(0, work, std::move(uses));
    schedule_ = build.done();
    memory_.emplace(schedule_, device);
    tiles_.emplace(schedule_, *memory_, device, TileSizes{.rows = 8});
    range_ = tiles_->add(0);
    for (std::size_t i = 0; i < slices_.size(); ++i) set(i);
  }
  std::size_t tiles() const { return range_.last - range_.first; }
  bool run() {
    bool looks = false;
    for (auto i = range_.first; i < range_.last; ++i) looks = tiles_->run(i) || looks;
    tiles_->check();
    device_.wait();
    device_.check();
    return looks;
  }
  std::vector<double> values(std::size_t operand) const {
    const auto type = types_[operand];
    std::vector<std::byte> bytes(slices_[operand].count * size_of(type));
    device_.get(bytes, memory_->of(slices_[operand]).data);
    std::vector<double> values;
    for (std::size_t i = 0; i < slices_[operand].count; ++i)
      values.push_back(benchmarks::element_value(type, bytes.data() + i * size_of(type)));
    return values;
  }

 private:
  /// Numbers that all types of sixteen bits have, too.
  void set(std::size_t operand) {
    const auto type = types_[operand];
    std::vector<std::byte> bytes(slices_[operand].count * size_of(type));
    for (std::size_t i = 0; i < slices_[operand].count; ++i) {
      const auto number = static_cast<float>(
          std::round(100 * std::sin(static_cast<double>(1000 * operand + i))) / 128);
      const auto put = [&](auto word) {
        std::memcpy(bytes.data() + i * sizeof word, &word, sizeof word);
      };
      if (type == DataType::bf16) put(kernels::Bfloat::narrow(number));
      if (type == DataType::fp16) put(kernels::Half::narrow(number));
      if (type == DataType::fp32) put(number);
    }
    device_.put(memory_->of(slices_[operand]).data, bytes);
  }

  device::Device& device_;
  step::Schedule schedule_;
  std::vector<step::Slice> slices_;
  std::vector<DataType> types_;
  std::optional<StepMemory> memory_;
  std::optional<StepTiles> tiles_;
  TileRange range_;
};

class StepTilesOnGpu : public testing::TestWithParam<DataType> {
 protected:
  using Make = std::function<step::Work(DataType)>;

  /// The last operand's values are the host's, which works in fp32. Returns how many tiles.
  std::size_t expect_as_on_host(const Make& work, std::vector<Operand> operands) {
    OneOperation mine(gpu, work(GetParam()), operands);
    for (auto& operand : operands) operand.type = DataType::fp32;
    OneOperation theirs(*host, work(DataType::fp32), operands);
    EXPECT_FALSE(mine.run()) << "nobody looks";
    theirs.run();
    const auto actual = mine.values(operands.size() - 1),
               expected = theirs.values(operands.size() - 1);
    double largest = 0;
    for (const auto value : expected) largest = std::max(largest, std::abs(value));
    const double near = GetParam() == DataType::fp32 ? 1e-5 : 0.03;  // some roundings of 2^-8
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], near * largest) << i;
      if (HasFailure()) break;
    }
    return mine.tiles();
  }
  Operand in(std::uint64_t count) const { return {count, Access::read, GetParam()}; }
  Operand out(std::uint64_t count) const { return {count, Access::write, GetParam()}; }

  device::cuda::CudaDevice gpu{device::cuda::visible_gpus(0).gpus.at(0)};
  std::unique_ptr<device::Device> host = device::make_host_device();
};
INSTANTIATE_TEST_SUITE_P(All, StepTilesOnGpu,
                         testing::Values(DataType::fp32, DataType::bf16, DataType::fp16),
                         [](const auto& type) { return std::string(name(type.param)); });

TEST_P(StepTilesOnGpu, AProductIsOneLaunch) {
  const auto work = [](DataType type) {
    return step::Work{"product", step::Gemm{{{40, 24, 32}}, type, type}};
  };
  EXPECT_EQ(expect_as_on_host(work, {in(40 * 32), in(32 * 24), out(40 * 24)}), 1u);
}

TEST_P(StepTilesOnGpu, GradientsOfWeightsAddUpInFp32) {
  const auto work = [](DataType type) {
    return step::Work{"weights", step::Gemm{{{40, 24, 32}}, type, DataType::fp32, true}};
  };
  expect_as_on_host(work, {in(40 * 32), in(32 * 24), {40 * 24, Access::update, DataType::fp32}});
}

TEST_P(StepTilesOnGpu, EqualProductsOfAGroupAreOneLaunch) {
  const auto work = [](DataType type) {
    return step::Work{
        "experts",
        step::Gemm{{{16, 8, 24}, {16, 8, 24}, {16, 8, 24}, {0, 8, 24}, {32, 8, 24}}, type, type}};
  };
  EXPECT_EQ(expect_as_on_host(work, {in(80 * 24), in(5 * 24 * 8), out(80 * 8)}), 2u);
}

constexpr std::uint64_t batch = 2, queries = 64, heads = 4, kv_heads = 2, qk = 8, v = 16;

step::Attention attention(DataType type, std::uint64_t keys, std::uint64_t window, bool backward) {
  return {batch, queries, keys, heads, kv_heads, qk, v, window, backward, type};
}
constexpr std::uint64_t elements_of_qkv(std::uint64_t keys) {
  return batch * (heads * queries * qk + kv_heads * keys * (qk + v));
}
constexpr std::uint64_t elements_of_out = batch * heads * queries * v;

TEST_P(StepTilesOnGpu, HeadsThatShareNothingAttendTogether) {
  for (const std::uint64_t keys : {64u, 128u})
    for (const std::uint64_t window : {0u, 24u}) {
      const auto work = [=](DataType type) {
        return step::Work{"attention", attention(type, keys, window, false)};
      };
      // Four blocks of queries, of three tiles each, for either member of a sharing.
      EXPECT_EQ(expect_as_on_host(work, {in(elements_of_qkv(keys)), out(elements_of_out)}), 24u);
    }
}

TEST_P(StepTilesOnGpu, GradientsAddUpOverHeadsThatShare) {
  for (const std::uint64_t keys : {64u, 128u}) {
    const auto work = [=](DataType type) {
      return step::Work{"attention", attention(type, keys, 0, true)};
    };
    EXPECT_EQ(expect_as_on_host(work, {in(elements_of_qkv(keys)), in(elements_of_out),
                                       out(elements_of_qkv(keys))}),
              56u);
  }
}

/// Of one sequence: more heads share keys than there are heads of keys.
step::Attention of_one_key(DataType type, bool backward) {
  return {1, queries, 64, 6, 1, qk, v, 0, backward, type};
}

TEST_P(StepTilesOnGpu, HeadsThatShareAttendTogetherWhereTheyAreMore) {
  constexpr std::uint64_t qkv = 6 * queries * qk + 64 * (qk + v), result = 6 * queries * v;
  const auto forward = [](DataType type) {
    return step::Work{"attention", of_one_key(type, false)};
  };
  EXPECT_EQ(expect_as_on_host(forward, {in(qkv), out(result)}), 12u);
  const auto backward = [](DataType type) {
    return step::Work{"attention", of_one_key(type, true)};
  };
  // Gradients of keys and values add up, head after head.
  EXPECT_EQ(expect_as_on_host(backward, {in(qkv), in(result), out(qkv)}), 4u * (5 + 6 + 6));
}

TEST_P(StepTilesOnGpu, WhatIsReadMayOverlap) {
  const auto work = [](DataType type) {
    return step::Work{"attention", attention(type, 64, 0, false)};
  };
  EXPECT_EQ(expect_as_on_host(work, {in(elements_of_qkv(64) - 3 * 64 * v), out(elements_of_out)}),
            24u);
}

TEST_P(StepTilesOnGpu, WhatIsWrittenAtTheSameTimeDoesNotOverlap) {
  for (const bool backward : {false, true}) {
    const step::Work work{"attention", attention(GetParam(), 64, 0, backward)};
    const auto small = out(backward ? elements_of_qkv(64) - 64 * v : queries * v);
    OneOperation made(gpu, work, {in(elements_of_qkv(64)), in(elements_of_out), small});
    const auto before = made.values(2);
    made.run();
    EXPECT_EQ(made.values(2), before) << "it goes elsewhere";
  }
}

TEST_P(StepTilesOnGpu, ElementWiseWorkWritesOrdinaryNumbers) {
  constexpr std::uint64_t count = 100'000;
  const auto bytes = 3 * count * size_of(GetParam());
  OneOperation work(gpu, {"norm", step::ElementWise{bytes}}, {in(2 * count), out(count)});
  work.run();
  const auto values = work.values(1);
  const double least = GetParam() == DataType::fp16 ? 1 : 1.0 / 16;
  int negative = 0;
  for (std::size_t i = 0; i + 32 < values.size(); ++i) {  // less than a cache line is left
    ASSERT_GE(std::abs(values[i]), least) << i;
    ASSERT_LE(std::abs(values[i]), 2) << i;
    negative += values[i] < 0 ? 1 : 0;
  }
  EXPECT_NEAR(negative, count / 2, count / 20);
}

}  // namespace
}  // namespace assay::bench

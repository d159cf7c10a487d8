// Local benchmarks: right results verify, and a wrong one is found where it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/pattern_check.hpp"
#include "harness/schedule/layouts.hpp"

namespace assay::benchmarks {
namespace {

/// Remembers what it allocated, so that a test can reach a benchmark's own memory.
class ReachableDevice final : public device::Device {
 public:
  device::MemoryKind memory() const override { return inner_->memory(); }
  device::Buffer allocate(std::size_t bytes) override {
    auto buffer = inner_->allocate(bytes);
    data.push_back(buffer.data() + 4096);  // where a ring's first slot begins
    return buffer;
  }
  void fill(std::byte* out, const kernels::Pattern& pattern, kernels::Slice slice) override {
    inner_->fill(out, pattern, slice);
  }
  kernels::Mismatch verify(const std::byte* from, const kernels::Pattern& pattern,
                           kernels::Slice slice) override {
    return inner_->verify(from, pattern, slice);
  }
  void poison(std::byte* out, std::size_t bytes) override { inner_->poison(out, bytes); }
  void copy(std::byte* to, const std::byte* from, std::size_t bytes) noexcept override {
    inner_->copy(to, from, bytes);
  }
  void reduce(std::byte* acc, const std::byte* in, std::size_t count,
              device::Reduction reduction) noexcept override {
    inner_->reduce(acc, in, count, reduction);
  }
  void divide(std::byte* out, std::size_t count, DataType type, int divisor) noexcept override {
    inner_->divide(out, count, type, divisor);
  }
  void copy_doubles(double* b, const double* a, std::size_t count) noexcept override {
    inner_->copy_doubles(b, a, count);
  }
  void triad(double* a, const double* b, const double* c, double s,
             std::size_t count) noexcept override {
    inner_->triad(a, b, c, s, count);
  }
  void write(double* a, double value, std::size_t count) noexcept override {
    inner_->write(a, value, count);
  }
  void fold(std::byte* bits, const std::byte* a, std::size_t count) noexcept override {
    inner_->fold(bits, a, count);
  }
  void softmax(std::byte* x, const kernels::Rows& rows, DataType type) noexcept override {
    inner_->softmax(x, rows, type);
  }
  void softmax_gradient(const std::byte* x, std::byte* gradient, const kernels::Rows& rows,
                        DataType type) noexcept override {
    inner_->softmax_gradient(x, gradient, rows, type);
  }
  void do_nothing() noexcept override { inner_->do_nothing(); }
  std::size_t cached_bytes() const override { return inner_->cached_bytes(); }
  std::string kernels() const override { return inner_->kernels(); }
  void put(std::byte* to, std::span<const std::byte> from) override { inner_->put(to, from); }
  void get(std::span<std::byte> to, const std::byte* from) override { inner_->get(to, from); }
  std::unique_ptr<device::Gemm> gemm(const device::GemmCall& call) override {
    return inner_->gemm(call);
  }
  std::vector<std::byte*> data;

 private:
  std::unique_ptr<device::Device> inner_ = device::make_host_device();
};

struct Bench {
  explicit Bench(const char* name, Dims dims, std::uint64_t rotation_bytes = 0) {
    context.rotation_bytes = rotation_bytes;
    const auto* benchmark = bench::find(all, name);
    for (const auto& dim : benchmark->info().dims) spec.dims[std::string(dim.name)] = dim.fallback;
    for (const auto& [key, value] : dims) spec.dims[key] = value;
    prepared = benchmark->prepare(context);
  }
  VerifyReport timed_output() {
    prepared->reset({true});
    prepared->launch();
    return prepared->verify(Moment::after);
  }
  bench::Benchmarks all = catalogue();
  ReachableDevice device;
  Case spec;
  bench::Context context{spec, {0, 1, 5, "n1"}, device, nullptr, 7, 0, 1};
  std::unique_ptr<bench::Prepared> prepared;
};

TEST(Copy, VerifiesAndCountsStreamsBytes) {
  Bench bench("copy", {{"bytes", std::int64_t{80'008}}});
  EXPECT_EQ(bench.prepared->verify(Moment::before).wrong, 0U);
  const auto report = bench.timed_output();
  EXPECT_EQ(report.wrong, 0U);
  EXPECT_EQ(report.checked, 10'001U);
  EXPECT_EQ(bench.prepared->work().amount.at("bytes"), 16.0 * 10'001);
}

TEST(Triad, VerifiesAndCountsStreamsBytes) {
  Bench bench("triad", {{"bytes", std::int64_t{8'000}}});
  EXPECT_EQ(bench.timed_output().wrong, 0U);
  EXPECT_EQ(bench.prepared->work().amount.at("bytes"), 24.0 * 1000);
}

TEST(Memory, OneWrongElementIsLocated) {
  for (const char* name : {"copy", "triad"}) {
    Bench bench(name, {{"bytes", std::int64_t{8'000}}});
    bench.prepared->reset({true});
    bench.prepared->launch();
    bench.device.data[0][8 * 123] ^= std::byte{1};
    const auto report = bench.prepared->verify(Moment::after);
    EXPECT_EQ(report.wrong, 1U) << name;
    ASSERT_TRUE(report.first);
    EXPECT_EQ(report.first->offset, 123U);
    EXPECT_EQ(report.first->rank, 5);
    EXPECT_EQ(report.first->host, "n1");
  }
}

TEST(Memory, AKernelThatDidNothingIsCaught) {
  Bench bench("copy", {{"bytes", std::int64_t{8'000}}});
  bench.prepared->reset({true});  // poisons; no launch follows
  EXPECT_EQ(bench.prepared->verify(Moment::after).wrong, 1000U);
}

TEST(Memory, OutputOfAnotherSlotIsStale) {
  constexpr std::size_t bytes = 8'000, next_slot = 8192;
  for (const char* name : {"copy", "triad"}) {
    const std::uint64_t two_slots = bytes * (name == std::string("copy") ? 3 : 4);
    Bench bench(name, {{"bytes", std::int64_t{bytes}}}, two_slots);
    ASSERT_EQ(bench.prepared->notes().at("buffers"), "2");
    bench.prepared->launch();
    bench.prepared->reset({true});
    std::memcpy(bench.device.data[0] + next_slot, bench.device.data[0], bytes);
    EXPECT_GT(bench.prepared->verify(Moment::after).wrong, 0U) << name;
    EXPECT_EQ(bench.timed_output().wrong, 0U) << name << ": the copy stayed in the slot";
  }
}

TEST(Memory, SaysOverHowMuchItRotates) {
  Bench warm("copy", {{"bytes", std::int64_t{8}}});
  EXPECT_EQ(warm.prepared->notes().at("buffers"), "1");
  EXPECT_EQ(warm.prepared->notes().at("rotated_bytes"), "128") << "a line of each array";
  Bench cold("copy", {{"bytes", std::int64_t{8}}}, 1 << 20);
  EXPECT_EQ(cold.prepared->notes().at("buffers"), "8192");
  EXPECT_EQ(cold.prepared->notes().at("rotated_bytes"), "1048576");
}

TEST(Memory, NoBytesHaveNoBandwidth) {
  Bench bench("copy", {{"bytes", std::int64_t{0}}});
  EXPECT_EQ(bench.timed_output().wrong, 0U);
  EXPECT_TRUE(bench.prepared->work().absent.contains("bytes"));
}

class Gemm : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Types, Gemm, testing::Values("fp32", "fp64"));

TEST_P(Gemm, VerifiesOddShapes) {
  Bench bench("gemm", {{"type", std::string(GetParam())},
                       {"m", std::int64_t{33}},
                       {"n", std::int64_t{17}},
                       {"k", std::int64_t{65}}});
  EXPECT_EQ(bench.prepared->verify(Moment::before).wrong, 0U);
  const auto report = bench.timed_output();
  EXPECT_EQ(report.wrong, 0U);
  EXPECT_EQ(report.checked, 33U * 17U);
  EXPECT_EQ(bench.prepared->work().amount.at("flops"), 2.0 * 33 * 17 * 65);
}

TEST_P(Gemm, OneWrongElementIsLocated) {
  Bench bench("gemm", {{"type", std::string(GetParam())},
                       {"m", std::int64_t{33}},
                       {"n", std::int64_t{17}},
                       {"k", std::int64_t{65}}});
  bench.prepared->launch();
  const std::size_t width = std::string(GetParam()) == "fp32" ? 4 : 8;
  bench.device.data[2][(9 * 17 + 4) * width + width - 2] ^= std::byte{0x40};
  const auto report = bench.prepared->verify(Moment::after);
  EXPECT_EQ(report.wrong, 1U);
  ASSERT_TRUE(report.first);
  EXPECT_EQ(report.first->offset, 9U * 17U + 4U);
}

TEST_P(Gemm, AProductOfAnotherSlotsMatricesIsWrong) {
  Bench bench("gemm",
              {{"type", std::string(GetParam())},
               {"m", std::int64_t{33}},
               {"n", std::int64_t{17}},
               {"k", std::int64_t{65}}},
              1 << 15);
  ASSERT_EQ(bench.timed_output().wrong, 0U);
  bench.prepared->reset({true});
  // Slots are whole pages here: each gets A of the next.
  const std::size_t bytes = 33 * 65 * (std::string(GetParam()) == "fp32" ? 4 : 8);
  const std::size_t stride = (bytes + 128 + 4095) / 4096 * 4096;
  const auto slots = std::stoul(bench.prepared->notes().at("buffers"));
  ASSERT_GT(slots, 1U);
  auto* a = bench.device.data[0];
  const std::vector<std::byte> first(a, a + bytes);
  for (std::size_t slot = 0; slot + 1 < slots; ++slot)
    std::memcpy(a + slot * stride, a + (slot + 1) * stride, bytes);
  std::memcpy(a + (slots - 1) * stride, first.data(), bytes);
  bench.prepared->launch();
  EXPECT_GT(bench.prepared->verify(Moment::after).wrong, 0U);
}

TEST(PeerCopy, IsBetweenTwoRanksOfAHost) {
  const auto all = catalogue();
  const auto* benchmark = bench::find(all, "peer_copy");
  const auto topology = stated_topology(4, 2);
  const auto refusal = [&](const char* layout) {
    return benchmark->supports({}, {topology, schedule::make_layout(layout, topology), {}}).reason;
  };
  EXPECT_EQ(refusal("node_pairs"), "");
  EXPECT_EQ(refusal("world"), "it is between two ranks, and a group has 4: use layout node_pairs");
  EXPECT_EQ(refusal("pairs"),
            "ranks 0 and 3 are on node0 and node1, and copies go between GPUs of one host: use "
            "layout node_pairs");
}

TEST(ElementText, ReadsEveryType) {
  EXPECT_EQ(element_text(DataType::int8, 0xff), "-1");
  EXPECT_EQ(element_text(DataType::uint8, 0xff), "255");
  EXPECT_EQ(element_text(DataType::fp16, 0x3c00), "1");
  EXPECT_EQ(element_text(DataType::fp16, 0xc100), "-2.5");
  EXPECT_EQ(element_text(DataType::fp16, 0x0001), "5.9604645e-08");
  EXPECT_EQ(element_text(DataType::bf16, 0x4049), "3.140625");
  EXPECT_EQ(element_text(DataType::fp32, 0x40490fdb), "3.1415927");
  EXPECT_EQ(element_text(DataType::fp64, 0xbff0000000000000), "-1");
}

}  // namespace
}  // namespace assay::benchmarks

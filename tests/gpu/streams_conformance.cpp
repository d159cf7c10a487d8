// Streams of a GPU: what events order and time, done at once and recorded. As
// device_conformance.cpp linked with CUDA and with its double.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>
#include <vector>

#include "harness/device/cuda_device.hpp"

namespace assay::device {
namespace {

constexpr std::size_t count = 1 << 16;

class StreamsOfGpu : public testing::Test {
 protected:
  static double* doubles(const Buffer& buffer) { return reinterpret_cast<double*>(buffer.data()); }
  void write(const Buffer& buffer, double value) { gpu.write(doubles(buffer), value, count); }
  void copy(const Buffer& to, const Buffer& from) {
    gpu.copy_doubles(doubles(to), doubles(from), count);
  }
  std::vector<double> read(const Buffer& buffer) {
    std::vector<double> values(count);
    gpu.get(std::as_writable_bytes(std::span(values)), buffer.data());
    return values;
  }
  /// Time for what should wait and does not.
  static void dawdle() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }
  void finish() {
    gpu.wait();
    gpu.check();
    streams->check();
    gpu.stopwatch()->check();
  }
  /// On stream 0 `a` becomes `value`, on stream 1 `b` becomes `a`.
  void enqueue_chain(double value) {
    streams->record(0);
    streams->use(0);
    streams->wait_for(0);
    write(a, value);
    streams->record(1);
    streams->use(1);
    streams->wait_for(1);
    copy(b, a);
    streams->record(2);
    streams->use_own();
    streams->wait_for(2);
    copy(c, b);
  }

  cuda::CudaDevice gpu{cuda::visible_gpus(0).gpus.at(0)};
  std::unique_ptr<Streams> streams = gpu.streams(2, 4);
  Buffer a = gpu.allocate(8 * count), b = gpu.allocate(8 * count), c = gpu.allocate(8 * count);
};

TEST_F(StreamsOfGpu, WaitForEventsOfOthers) {
  auto& stopwatch = *gpu.stopwatch();
  for (const double value : {2.0, 3.0}) {
    stopwatch.close();
    enqueue_chain(value);
    dawdle();
    EXPECT_FALSE(streams->happened(0));
    EXPECT_FALSE(streams->happened(2));
    stopwatch.open();
    finish();
    EXPECT_TRUE(streams->happened(2));
    EXPECT_THAT(read(c), testing::Each(value));
    EXPECT_GT(streams->seconds(0, 2), 0.0);
    EXPECT_GE(streams->seconds(0, 2), streams->seconds(0, 1));
  }
  EXPECT_EQ(stopwatch.gates_expired(), 0u);
}

TEST_F(StreamsOfGpu, GoOnWhileAnotherIsHeldBack) {
  auto& stopwatch = *gpu.stopwatch();
  stopwatch.close();
  write(a, 1);
  streams->use(1);
  streams->wait_for(3);  // that nobody has recorded
  write(b, 2);
  streams->record(0);
  while (!streams->happened(0)) std::this_thread::yield();
  EXPECT_EQ(stopwatch.gates_expired(), 0u) << "it was waited for";
  stopwatch.open();
  finish();
  streams->use_own();
  EXPECT_THAT(read(b), testing::Each(2.0));
}

TEST_F(StreamsOfGpu, AreRecordedAndReplayed) {
  auto& stopwatch = *gpu.stopwatch();
  stopwatch.begin_recording();
  enqueue_chain(5);
  stopwatch.end_recording(0);
  finish();
  EXPECT_THAT(read(c), testing::Each(0.0)) << "recorded, not run";
  for (int replay = 0; replay < 2; ++replay) {
    for (const auto* buffer : {&a, &b, &c}) gpu.poison(buffer->data(), 8 * count);
    stopwatch.replay(0);
    finish();
    EXPECT_THAT(read(c), testing::Each(5.0));
    EXPECT_GT(streams->seconds(0, 2), 0.0);
    EXPECT_GE(streams->seconds(0, 2), streams->seconds(0, 1));
  }
  enqueue_chain(6);  // and done at once again
  finish();
  EXPECT_THAT(read(c), testing::Each(6.0));
  stopwatch.forget_recordings();
}

TEST_F(StreamsOfGpu, TakeCopiesOverTheLinkToTheHost) {
  auto& link = *gpu.host_link();
  const Buffer host = link.allocate(8 * count);
  auto* there = reinterpret_cast<double*>(host.data());
  auto& stopwatch = *gpu.stopwatch();
  stopwatch.close();
  streams->use(0);
  write(a, 4);
  link.to_host({.device = a.data(), .host = host.data()}, 8 * count);
  streams->record(0);
  while (!streams->happened(0)) std::this_thread::yield();
  EXPECT_EQ(there[count - 1], 4.0) << "it went elsewhere";
  stopwatch.open();
  finish();
}

TEST_F(StreamsOfGpu, LeaveTheDeviceItsOwnWhenTheyGo) {
  streams->use(1);
  streams.reset();
  write(a, 3);
  gpu.wait();
  gpu.check();
  EXPECT_THAT(read(a), testing::Each(3.0));
}

constexpr std::size_t size = 64;  // of square matrices of ones

TEST_F(StreamsOfGpu, MakeProductsEachForItself) {
  const std::vector<float> ones(size * size, 1);
  const auto bytes = std::as_bytes(std::span(ones));
  gpu.put(a.data(), bytes);
  std::vector<std::unique_ptr<Gemm>> products;
  for (const std::size_t i : {0u, 1u}) {
    streams->use(i);
    products.push_back(gpu.gemm({.type = GemmType::fp32, .m = size, .n = size, .k = size}));
  }
  for (int i = 0; i < 10; ++i)
    for (const std::size_t stream : {0u, 1u}) {
      streams->use(stream);
      // Each on either stream.
      for (const auto& product : products)
        product->launch(a.data(), a.data(), (stream == 0 ? b : c).data());
    }
  streams->use_own();
  finish();
  for (const auto& product : products) product->check();
  for (const auto* buffer : {&b, &c}) {
    std::vector<float> made(size * size);
    gpu.get(std::as_writable_bytes(std::span(made)), buffer->data());
    EXPECT_THAT(made, testing::Each(float{size}));
  }
}

TEST_F(StreamsOfGpu, RefuseProductsWithoutAWorkspace) {
  const auto product = gpu.gemm({.type = GemmType::fp32, .m = 2048, .n = 16, .k = 8192});
  if (product->notes().at("algorithm").find(" 0 bytes") != std::string::npos)
    GTEST_SKIP() << "none is needed: " << product->notes().at("algorithm");
  streams->use(0);
  product->launch(a.data(), a.data(), b.data());
  EXPECT_ANY_THROW(product->check());
}

}  // namespace
}  // namespace assay::device

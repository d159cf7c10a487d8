// Data of a GPU through memory of the host, on the double of CUDA.
#include "harness/comm/staged.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/core/error.hpp"
#include "harness/device/cuda_device.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"

namespace assay::comm {
namespace {

namespace fake = fakes::cuda;
using device::poison_byte;

constexpr std::size_t bytes = 4096;
constexpr CollectiveCall call{
    .collective = Collective::all_reduce, .type = DataType::uint8, .count = bytes};

/// Adds one to every byte, on the host or where the GPU has them, as long as it does anything.
class AddOne final : public Launch {
 public:
  explicit AddOne(const bool& works) : works_(works) {}
  void operator()(const std::byte* send, std::byte* recv) noexcept override {
    const auto* from = static_cast<std::byte*>(fake::reach(send == nullptr ? recv : send, bytes));
    auto* to = static_cast<std::byte*>(fake::reach(recv, bytes));
    for (std::size_t i = 0; works_ && i < bytes; ++i)
      to[i] = static_cast<std::byte>(std::to_integer<int>(from[i]) + 1);
  }
  void check() const override {}
  const LaunchInfo& info() const override { return info_; }

 private:
  const bool& works_;
  LaunchInfo info_{"native", ""};
};

/// Between a rank and itself: what is sent last is received.
class Loop final : public Transfers {
 public:
  void start(std::size_t index, std::byte* data) noexcept override {
    if (index == 0) std::memcpy(kept_, data, bytes);
    to_ = index == 1 ? data : to_;
  }
  void finish(std::size_t index) noexcept override {
    if (index == 1) std::memcpy(to_, kept_, bytes);
  }
  void carry_out(std::size_t index, std::byte* data) noexcept override {
    start(index, data);
    finish(index);
  }
  void check() const override {}

 private:
  std::byte kept_[bytes]{};
  std::byte* to_ = nullptr;
};

class Staged : public testing::Test {
 protected:
  static std::unique_ptr<device::Device> open() {
    setenv("ASSAY_FAKE_GPUS", "1", 1);
    fake::reset();
    return std::make_unique<device::cuda::CudaDevice>(device::cuda::visible_gpus(0).gpus.at(0));
  }
  int byte_of(const device::Buffer& buffer) const {
    return static_cast<int>(gpu->read_element(buffer.data() + bytes / 2, 1));
  }
  void set(const device::Buffer& buffer, int value) const {
    auto memory = gpu->host_link()->allocate(bytes);
    std::memset(memory.data(), value, bytes);
    gpu->host_link()->to_device({buffer.data(), memory.data()}, bytes);
    gpu->wait();
  }

  std::unique_ptr<device::Device> gpu = open();
  device::Buffer send = gpu->allocate(bytes), recv = gpu->allocate(bytes);
  bool works = true;
  std::unique_ptr<Launch> launch = staged(std::make_unique<AddOne>(works), call, {0, 1}, *gpu);
};

TEST_F(Staged, GoesThereAndBack) {
  set(send, 41);
  (*launch)(send.data(), recv.data());
  EXPECT_EQ(byte_of(recv), 42);
  EXPECT_EQ(byte_of(send), 41);
  (*launch)(nullptr, recv.data());
  EXPECT_EQ(byte_of(recv), 43);
  EXPECT_EQ(launch->info().path, "staged");
  launch->check();
}

TEST_F(Staged, TakesItsTurn) {
  const auto other = gpu->allocate(bytes);
  set(other, 6);
  fake::plan({.call = "cudaMemcpyAsync", .delay_s = 0.02});
  gpu->copy(send.data(), other.data(), bytes);
  (*launch)(send.data(), recv.data());
  EXPECT_EQ(byte_of(recv), 7);
}

TEST_F(Staged, TakesItsTurnWithPointersOfTheGpu) {
  const auto other = gpu->allocate(bytes);
  set(other, 6);
  fake::plan({.call = "cudaMemcpyAsync", .delay_s = 0.02});
  gpu->copy(send.data(), other.data(), bytes);
  const auto direct = in_order(std::make_unique<AddOne>(works), *gpu);
  (*direct)(send.data(), recv.data());
  EXPECT_EQ(byte_of(recv), 7);
  EXPECT_EQ(direct->info().path, "native");
}

/// A library that did nothing would else leave what it left before.
TEST_F(Staged, ForgetsWhatItLeft) {
  set(send, 1);
  (*launch)(send.data(), recv.data());
  launch->forget();
  works = false;
  (*launch)(send.data(), recv.data());
  EXPECT_EQ(byte_of(recv), poison_byte);
}

TEST_F(Staged, TellsOfFailedCopies) {
  fake::plan({.call = "cudaMemcpyAsync", .error = cudaErrorInvalidValue});
  (*launch)(send.data(), recv.data());
  EXPECT_THROW(launch->check(), RunError);
}

TEST_F(Staged, MessagesGoLikewise) {
  const std::vector<Transfer> messages{{Transfer::Way::send, 0, bytes},
                                       {Transfer::Way::receive, 0, bytes}};
  const auto other = gpu->allocate(bytes);
  set(other, 9);
  const auto transfers = staged(std::make_unique<Loop>(), messages, *gpu);
  fake::plan({.call = "cudaMemcpyAsync", .delay_s = 0.005});
  gpu->copy(send.data(), other.data(), bytes);
  transfers->start(0, send.data());
  transfers->start(1, recv.data());
  transfers->finish(0);
  transfers->finish(1);
  EXPECT_EQ(byte_of(recv), 9);
  transfers->check();
}

}  // namespace
}  // namespace assay::comm

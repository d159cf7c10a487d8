// The timed loop on a GPU, on the double of CUDA.
#include "harness/run/device_timing.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <thread>

#include "harness/core/error.hpp"
#include "harness/device/cuda_device.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"

namespace assay::run {
namespace {

namespace fake = fakes::cuda;
using testing::Each;
using testing::Ge;
using testing::Le;

/// Gives the GPU a copy, which the double can be told to be slow at, and takes its time to say so.
class SlowlyGiven final : public bench::Prepared {
 public:
  explicit SlowlyGiven(device::Device& device)
      : device_(device), memory_(device.allocate(1 << 16)) {}
  Work work() const override { return {}; }
  void reset(bench::Iteration iteration) override {
    ++resets;
    if (iteration.last) last_reset_at = launches;
  }
  void launch() noexcept override {
    ++launches;
    if (enqueue_s > 0) std::this_thread::sleep_for(std::chrono::duration<double>(enqueue_s));
    auto* data = reinterpret_cast<double*>(memory_.data());
    device_.copy_doubles(data, data + 4096, 4096);
    if (waits) device_.wait();
  }
  int launches = 0, resets = 0, last_reset_at = -1;
  double enqueue_s = 0;
  bool waits = false;

 private:
  device::Device& device_;
  device::Buffer memory_;
};

/// A team of one that counts how often all have come together.
class Counting final : public comm::Team {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override { ++barriers; }
  void broadcast(std::span<std::byte>, int) override {}
  std::vector<std::vector<std::byte>> gather(std::span<const std::byte>, int) override {
    return {};
  }
  void max(std::span<double>) override {}
  void send(std::span<const std::byte>, int) override {}
  void receive(std::span<std::byte>, int) override {}
  std::unique_ptr<comm::Team> split(int, int) override { return nullptr; }
  std::size_t barriers = 0;
};

class DeviceTiming : public testing::Test {
 protected:
  void SetUp() override {
    fake::reset();
    device_ = std::make_unique<device::cuda::CudaDevice>(device::cuda::visible_gpus(0).gpus[0]);
    prepared_ = std::make_unique<SlowlyGiven>(*device_);
  }
  void TearDown() override {
    prepared_.reset();
    device_.reset();
    EXPECT_EQ(fake::leaks(), fake::Leaks{});
    fake::reset();
  }
  void time(Pacing pacing, std::size_t n, bool last = false, Gate gate = Gate::closed) {
    device_s_.assign(n, -1);
    wall_s_.assign(n, -1);
    time_on_device({*prepared_, team_, progress_}, {*device_, *device_->stopwatch(), gate},
                   {.pacing = pacing, .last = last}, {device_s_, wall_s_});
    device_->stopwatch()->check();
  }

  std::unique_ptr<device::cuda::CudaDevice> device_;
  std::unique_ptr<SlowlyGiven> prepared_;
  Counting team_;
  Progress progress_;
  std::vector<double> device_s_, wall_s_;
};

TEST_F(DeviceTiming, IsolatedIsWhatTheGpuTakes) {
  fake::plan({.call = "copy", .delay_s = 0.002});
  time(Pacing::isolated, 5, true);
  EXPECT_THAT(device_s_, Each(Ge(0.002)));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_GE(wall_s_[i], 0.9 * device_s_[i]);
  EXPECT_EQ(prepared_->resets, 5);
  EXPECT_EQ(prepared_->last_reset_at, 4);
}

TEST_F(DeviceTiming, StreamDoesNotContainWhatEnqueueingTakes) {
  prepared_->enqueue_s = 0.02;
  time(Pacing::stream, 20);
  EXPECT_EQ(prepared_->launches, 20);
  EXPECT_EQ(prepared_->resets, 1);
  const double all_s = std::accumulate(device_s_.begin(), device_s_.end(), 0.0);
  EXPECT_LE(all_s, 0.2) << "20 launches were enqueued in 0.4 s, and none began before";
  EXPECT_EQ(device_->stopwatch()->gates_expired(), 0u);
  EXPECT_THAT(device_s_, Each(Ge(0.0)));
  EXPECT_THAT(wall_s_, Each(Le(0.2)));
}

TEST_F(DeviceTiming, AnOpenGateHoldsNothingBack) {
  prepared_->enqueue_s = 0.02;
  time(Pacing::stream, 20, false, Gate::open);
  EXPECT_GE(std::accumulate(device_s_.begin(), device_s_.end(), 0.0), 0.3);
}

TEST_F(DeviceTiming, ABatchIsNotTooLong) {
  time(Pacing::stream, 2 * device::Stopwatch::most + 7);
  EXPECT_EQ(prepared_->launches, 2 * static_cast<int>(device::Stopwatch::most) + 7);
  EXPECT_THAT(device_s_, Each(Ge(0.0)));
  EXPECT_EQ(progress_.load().iteration, 2 * device::Stopwatch::most + 7);
  EXPECT_EQ(team_.barriers, 3u) << "before each gate opens";
}

TEST_F(DeviceTiming, EveryLaunchOfAGraphIsOneOfThoseThatAStreamWouldHave) {
  fake::plan({.call = "cudaGraphLaunch", .delay_s = 0.001});
  time(Pacing::graph, 130, true);
  EXPECT_EQ(prepared_->launches, 130) << "or buffers would rotate within one batch only";
  EXPECT_EQ(prepared_->last_reset_at, 0);
  EXPECT_THAT(device_s_, Each(Ge(0.001)));
}

TEST_F(DeviceTiming, AGateThatIsWaitedForOpensByItself) {
  prepared_->waits = true;
  time(Pacing::stream, 2);
  EXPECT_EQ(device_->stopwatch()->gates_expired(), 1u);
}

TEST_F(DeviceTiming, ACrashIsTold) {
  fake::plan({.call = "copy", .after = 3, .late = cudaErrorIllegalAddress});
  EXPECT_THROW(time(Pacing::stream, 10), RunError);
  device_->wait();
  EXPECT_THROW(device_->check(), RunError);
}

}  // namespace
}  // namespace assay::run

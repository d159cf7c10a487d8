// Streams where some are slow, and where something goes wrong, on the double of CUDA.
#include <gmock/gmock.h>

#include "harness/core/error.hpp"
#include "harness/device/cuda_device.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::device::cuda {
namespace {

namespace fake = fakes::cuda;
using test::failure;
using testing::HasSubstr;

class CudaStreamsTest : public testing::Test {
 protected:
  void SetUp() override {
    fake::reset();
    gpu_ = std::make_unique<CudaDevice>(visible_gpus(0).gpus[0]);
    streams_ = gpu_->streams(2, 3);
    memory_ = gpu_->allocate(3 * 64);
    stopwatch_ = gpu_->stopwatch();
  }
  void TearDown() override {
    streams_.reset();
    memory_ = {};
    gpu_.reset();
    EXPECT_EQ(fake::leaks(), fake::Leaks{});
    fake::reset();
  }
  double* at(std::size_t i) { return reinterpret_cast<double*>(memory_.data()) + 8 * i; }
  double result() {
    double value = 0;
    gpu_->get(std::as_writable_bytes(std::span(&value, 1)), memory_.data() + 2 * 64);
    return value;
  }
  static constexpr double slow_s = 0.2;
  enum class Wait { yes, no };
  /// On stream 0 memory is written, and on stream 1 it is read, which does not wait but if told to.
  void enqueue(Wait wait) {
    streams_->record(0);
    streams_->use(0);
    streams_->wait_for(0);
    gpu_->write(at(0), 3, 8);
    streams_->record(1);
    streams_->use(1);
    streams_->wait_for(wait == Wait::yes ? 1 : 0);
    gpu_->copy_doubles(at(1), at(0), 8);
    streams_->record(2);
    streams_->use_own();
    streams_->wait_for(1);
    streams_->wait_for(2);
    gpu_->copy_doubles(at(2), at(1), 8);
  }
  void write_is_slow() { fake::plan({.call = "write", .delay_s = slow_s}); }
  void replay() {
    stopwatch_->end_recording(0);
    stopwatch_->replay(0);
    gpu_->wait();
    gpu_->check();
    streams_->check();
  }

  std::unique_ptr<CudaDevice> gpu_;
  std::unique_ptr<Streams> streams_;
  Buffer memory_;
  Stopwatch* stopwatch_ = nullptr;
};

TEST_F(CudaStreamsTest, AWaitIsWhatOrdersThem) {
  write_is_slow();
  enqueue(Wait::yes);
  EXPECT_EQ(result(), 3);
  EXPECT_GE(streams_->seconds(0, 1), slow_s);
}

TEST_F(CudaStreamsTest, AMissingWaitShows) {
  write_is_slow();
  enqueue(Wait::no);
  EXPECT_EQ(result(), 0);
}

TEST_F(CudaStreamsTest, AWaitIsWhatOrdersAReplay) {
  write_is_slow();
  stopwatch_->begin_recording();
  enqueue(Wait::yes);
  replay();
  EXPECT_EQ(result(), 3);
  EXPECT_GE(streams_->seconds(0, 1), slow_s);
  EXPECT_GE(streams_->seconds(0, 2), streams_->seconds(0, 1));
}

TEST_F(CudaStreamsTest, AMissingWaitShowsInAReplay) {
  write_is_slow();
  stopwatch_->begin_recording();
  enqueue(Wait::no);
  replay();
  EXPECT_EQ(result(), 0);
}

TEST_F(CudaStreamsTest, AStreamThatDoesNotComeBackCannotBeRecorded) {
  stopwatch_->begin_recording();
  streams_->record(0);
  streams_->use(1);
  streams_->wait_for(0);
  gpu_->write(at(2), 3, 8);
  streams_->use_own();
  EXPECT_THAT(failure([&] { stopwatch_->end_recording(0); }), HasSubstr("cudaStreamEndCapture"));
}

TEST_F(CudaStreamsTest, AWaitIsForTheRecordBeforeIt) {
  write_is_slow();
  streams_->use(1);
  streams_->wait_for(1);  // nobody has recorded it yet
  gpu_->copy_doubles(at(2), at(0), 8);
  streams_->use(0);
  gpu_->write(at(0), 3, 8);
  streams_->record(1);
  streams_->use_own();
  gpu_->wait();
  EXPECT_EQ(result(), 0);
}

TEST_F(CudaStreamsTest, NoTimeIsToldOfWhatHasNotHappened) {
  write_is_slow();
  streams_->record(0);
  gpu_->write(at(0), 3, 8);
  streams_->record(1);
  EXPECT_THAT(failure([&] { streams_->seconds(0, 1); }), HasSubstr("cudaEventElapsedTime"));
  gpu_->wait();
  EXPECT_GE(streams_->seconds(0, 1), slow_s);
}

TEST_F(CudaStreamsTest, TheDeviceWaitsForAll) {
  streams_->use(1);
  write_is_slow();
  gpu_->write(at(2), 3, 8);
  streams_->record(0);
  streams_->use_own();
  gpu_->wait();
  EXPECT_TRUE(streams_->happened(0));
}

TEST_F(CudaStreamsTest, WhatFailsIsTold) {
  EXPECT_EQ(failure([&] { streams_->check(); }), "");
  fake::plan({.call = "cudaEventRecord", .error = cudaErrorInvalidValue});
  streams_->record(0);
  EXPECT_THAT(failure([&] { streams_->check(); }), HasSubstr("cudaEventRecord"));
}

TEST_F(CudaStreamsTest, ACrashOnAnyOfThemIsTold) {
  streams_->use(1);
  fake::plan({.call = "write", .late = cudaErrorIllegalAddress});
  gpu_->write(at(0), 3, 8);
  streams_->use_own();
  EXPECT_EQ(failure([&] { gpu_->check(); }), "");
  gpu_->wait();
  EXPECT_THAT(failure([&] { gpu_->check(); }), HasSubstr("cudaErrorIllegalAddress"));
}

TEST_F(CudaStreamsTest, AFailureCountsAsHappened) {
  fake::plan({.call = "cudaEventQuery", .error = cudaErrorIllegalAddress});
  EXPECT_TRUE(streams_->happened(0));
  EXPECT_THAT(failure([&] { streams_->check(); }), HasSubstr("cudaEventQuery"));
}

}  // namespace
}  // namespace assay::device::cuda

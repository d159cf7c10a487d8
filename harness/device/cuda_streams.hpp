// CUDA's streams beside the device's own, and events between them.
#pragma once

#include <vector>

#include "harness/device/cuda_handles.hpp"
#include "harness/device/device.hpp"
#include "harness/device/streams.hpp"
#include "kernels/kernels_cuda.hpp"

namespace assay::device::cuda {

/// A stream, and what whoever works on it needs for itself.
struct Lane {
  explicit Lane(const Gpu& gpu)
      : stream(make_stream(gpu)),
        queue{.stream = stream.get(), .multiprocessors = gpu.multiprocessors} {}

  Stream stream;
  kernels::cuda::Queue queue;
  Buffer workspace;  ///< of products, once one was made while this was in use
};

/// All lanes of a device. They stay where they are.
class Lanes {
 public:
  explicit Lanes(const Gpu& gpu) : own_(gpu) {}
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  Lane& own() { return own_; }
  /// Where work goes now.
  Lane& used() const { return *used_; }
  void use(Lane& lane) noexcept { used_ = &lane; }
  /// The result is that of the first stream in trouble.
  cudaError_t wait_for_all() noexcept;

  void add(std::vector<Lane>& more) { more_.push_back(&more); }
  /// The own one is in use again.
  void remove(std::vector<Lane>& more) noexcept;

 private:
  Lane own_;
  Lane* used_ = &own_;
  std::vector<std::vector<Lane>*> more_;  ///< whose owners add and remove them
};

class CudaStreams final : public Streams {
 public:
  struct Numbers {
    std::size_t streams = 0, events = 0;
  };
  /// Both outlive it. Throws RunError.
  CudaStreams(const Gpu& gpu, Lanes& lanes, Numbers numbers);
  ~CudaStreams() override { lanes_.remove(mine_); }
  CudaStreams(const CudaStreams&) = delete;
  CudaStreams& operator=(const CudaStreams&) = delete;

  void use(std::size_t index) noexcept override { lanes_.use(mine_[index]); }
  void use_own() noexcept override { lanes_.use(lanes_.own()); }
  void record(std::size_t event) noexcept override;
  void wait_for(std::size_t event) noexcept override;
  bool happened(std::size_t event) noexcept override;
  double seconds(std::size_t first, std::size_t second) const override;
  void check() const override;

 private:
  /// While a graph is captured, cudaEventRecord() only marks a place in it, for the streams that
  /// wait there: such an event never happens, has no time, and is of no use once the capture has
  /// ended. What happens at each launch of the graph is a node, which cudaEventRecordWithFlags()
  /// makes of an event that is "external"; nothing in the graph can wait for it by
  /// cudaStreamWaitEvent(), which takes an external event for one of outside. Hence two of them.
  struct Moment {
    Event timed;  ///< of work that is done at once, and as a node of a graph
    Event place;  ///< of a capture
    bool captured = false;
  };
  cudaStream_t stream() const noexcept { return lanes_.used().queue.stream; }

  const Gpu& gpu_;
  Lanes& lanes_;
  std::vector<Lane> mine_;
  std::vector<Moment> moments_;
  CudaFailure failure_;
};

}  // namespace assay::device::cuda

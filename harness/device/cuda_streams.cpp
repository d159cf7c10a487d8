#include "harness/device/cuda_streams.hpp"

#include <utility>

namespace assay::device::cuda {

cudaError_t Lanes::wait_for_all() noexcept {
  cudaError_t first = cudaStreamSynchronize(own_.queue.stream);
  for (const auto* lanes : more_)
    for (const auto& lane : *lanes) {
      const auto code = cudaStreamSynchronize(lane.queue.stream);
      if (first == cudaSuccess) first = code;
    }
  return first;
}

void Lanes::remove(std::vector<Lane>& more) noexcept {
  used_ = &own_;
  std::erase(more_, &more);
}

CudaStreams::CudaStreams(const Gpu& gpu, Lanes& lanes, Numbers numbers) : gpu_(gpu), lanes_(lanes) {
  for (std::size_t i = 0; i < numbers.streams; ++i) mine_.emplace_back(gpu);
  for (std::size_t i = 0; i < numbers.events; ++i)
    moments_.push_back({.timed = make_event(gpu), .place = make_place(gpu)});
  lanes_.add(mine_);
}

void CudaStreams::record(std::size_t event) noexcept {
  auto& [timed, place, captured] = moments_[event];
  auto status = cudaStreamCaptureStatusNone;
  failure_.note(cudaStreamIsCapturing(stream(), &status), "cudaStreamIsCapturing");
  captured = status == cudaStreamCaptureStatusActive;
  if (!captured) {
    failure_.note(cudaEventRecord(timed.get(), stream()), "cudaEventRecord");
    return;
  }
  // The node first: whoever waits at the place has it behind him, so that a stream whose last
  // record is waited for leaves nothing in the capture that the own stream has not joined.
  failure_.note(cudaEventRecordWithFlags(timed.get(), stream(), cudaEventRecordExternal),
                "cudaEventRecordWithFlags");
  failure_.note(cudaEventRecord(place.get(), stream()), "cudaEventRecord");
}

void CudaStreams::wait_for(std::size_t event) noexcept {
  const auto& [timed, place, captured] = moments_[event];
  failure_.note(
      cudaStreamWaitEvent(stream(), captured ? place.get() : timed.get(), cudaEventWaitDefault),
      "cudaStreamWaitEvent");
}

bool CudaStreams::happened(std::size_t event) noexcept {
  const auto code = cudaEventQuery(moments_[event].timed.get());
  if (code == cudaErrorNotReady) return false;
  failure_.note(code, "cudaEventQuery");
  return true;
}

double CudaStreams::seconds(std::size_t first, std::size_t second) const {
  return seconds_between(gpu_, moments_[first].timed, moments_[second].timed);
}

void CudaStreams::check() const { cuda::check(gpu_, failure_.code(), failure_.call()); }

}  // namespace assay::device::cuda

#include "harness/device/cuda_stopwatch.hpp"

#include <atomic>
#include <new>
#include <utility>

namespace assay::device::cuda {

CudaStopwatch::CudaStopwatch(const Gpu& gpu, const kernels::cuda::Queue& queue)
    : gpu_(gpu),
      queue_(queue),
      gate_memory_(make_host_memory(gpu, sizeof(kernels::cuda::Gate))),
      gate_(new(gate_memory_.get()) kernels::cuda::Gate) {
  for (auto& event : marks_) event = make_event(gpu);
}

void CudaStopwatch::close() noexcept {
  failure_.note(kernels::cuda::wait_for_gate(queue_, gate_, ++closed_, gate_limit_s),
                "wait_for_gate");
}

void CudaStopwatch::open() noexcept {
  std::atomic_ref(gate_->opened).store(closed_, std::memory_order_release);
}

std::size_t CudaStopwatch::gates_expired() const {
  return std::atomic_ref(gate_->expired).load(std::memory_order_acquire);
}

void CudaStopwatch::mark(std::size_t index) noexcept {
  failure_.note(cudaEventRecord(marks_[index].get(), queue_.stream), "cudaEventRecord");
}

double CudaStopwatch::seconds(std::size_t first, std::size_t second) const {
  return seconds_between(gpu_, marks_[first], marks_[second]);
}

void CudaStopwatch::begin_recording() { begin_capture(gpu_, queue_.stream); }

void CudaStopwatch::end_recording(std::size_t index) {
  recordings_[index] = end_capture(gpu_, queue_.stream);
  // Else the first launch would, behind a closed gate.
  cuda::check(gpu_, cudaGraphUpload(recordings_[index].get(), queue_.stream), "cudaGraphUpload");
}

void CudaStopwatch::replay(std::size_t index) noexcept {
  failure_.note(cudaGraphLaunch(recordings_[index].get(), queue_.stream), "cudaGraphLaunch");
}

void CudaStopwatch::forget_recordings() noexcept {
  for (auto& recording : recordings_) const GraphExec gone = std::move(recording);
}

void CudaStopwatch::check() const { cuda::check(gpu_, failure_.code(), failure_.call()); }

}  // namespace assay::device::cuda

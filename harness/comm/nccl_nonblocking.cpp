#include "harness/comm/nccl_nonblocking.hpp"

namespace assay::comm::nccl {
namespace {

using namespace device::cuda;

CommView with_stream(CommView view, cudaStream_t stream) {
  view.beside = stream;
  return view;
}

class NcclNonblocking final : public Nonblocking {
 public:
  NcclNonblocking(const CommView& view, const CollectiveCall& call)
      : stream_(make_stream(view.device.gpu())),
        forked_(make_event(view.device.gpu())),
        joined_(make_event(view.device.gpu())),
        view_(with_stream(view, stream_.get())),
        launch_(make_launch(view_, call)) {}

  bool exists() const { return launch_ != nullptr; }

  void start(const std::byte* send, std::byte* recv) noexcept override {
    note(cudaEventRecord(forked_.get(), device_stream()), "cudaEventRecord");
    note(cudaStreamWaitEvent(stream_.get(), forked_.get(), 0), "cudaStreamWaitEvent");
    (*launch_)(send, recv);
    note(cudaEventRecord(joined_.get(), stream_.get()), "cudaEventRecord");
    under_way_ = true;
  }
  bool test() noexcept override {
    if (!under_way_) return true;
    const auto code = cudaEventQuery(joined_.get());
    if (code != cudaErrorNotReady) note(code, "cudaEventQuery");
    return code != cudaErrorNotReady;
  }
  void wait() noexcept override {
    if (!under_way_) return;
    note(cudaStreamWaitEvent(device_stream(), joined_.get(), 0), "cudaStreamWaitEvent");
    under_way_ = false;
  }
  void check() const override {
    device::cuda::check(view_.device.gpu(), failure_.code(), failure_.call());
    launch_->check();
  }
  const LaunchInfo& info() const override { return launch_->info(); }

 private:
  cudaStream_t device_stream() const noexcept { return view_.device.queue().stream; }
  void note(cudaError_t code, const char* call) noexcept { failure_.note(code, call); }

  Stream stream_;
  Event forked_, joined_;
  CommView view_;
  std::unique_ptr<Launch> launch_;
  CudaFailure failure_;
  bool under_way_ = false;
};

}  // namespace

std::unique_ptr<Nonblocking> make_nonblocking(const CommView& view, const CollectiveCall& call) {
  auto made = std::make_unique<NcclNonblocking>(view, call);
  return made->exists() ? std::move(made) : nullptr;
}

}  // namespace assay::comm::nccl

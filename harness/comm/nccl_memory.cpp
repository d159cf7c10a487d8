#include "harness/comm/nccl_memory.hpp"

#include <fmt/format.h>

#include "harness/comm/nccl_live.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

constexpr int since[] = {0, NCCL_VERSION(2, 19, 0), NCCL_VERSION(2, 27, 0)};  // by BufferKind

std::string text(int version) {
  return fmt::format("{}.{}", version / 10'000, version / 100 % 100);
}

/// A registration of memory with a communicator. NCCL's handle is null where it does not make one
/// though it was asked to, and says nothing of it.
struct Registration {
  void* handle = nullptr;
  void (*end)(ncclComm_t comm, void* handle) = nullptr;
};

#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
Registration open_window(const CommView& view, void* base, std::size_t bytes) {
  ncclWindow_t window = nullptr;
  check(view.device.gpu(),
        ncclCommWindowRegister(view.comm(), base, bytes, &window, NCCL_WIN_COLL_SYMMETRIC),
        "ncclCommWindowRegister");
  return {window, [](ncclComm_t comm, void* handle) {
            ncclCommWindowDeregister(comm, static_cast<ncclWindow_t>(handle));
          }};
}
#else
Registration open_window(const CommView&, void*, std::size_t) {
  throw InternalError("symmetric buffers are refused with this NCCL");
}
#endif

#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
Registration enter(const CommView& view, void* base, std::size_t bytes) {
  void* handle = nullptr;
  check(view.device.gpu(), ncclCommRegister(view.comm(), base, bytes, &handle), "ncclCommRegister");
  return {handle, [](ncclComm_t comm, void* made) { ncclCommDeregister(comm, made); }};
}

/// Memory of NCCL's, and out of NCCL's hands before it is freed.
class Registered {
 public:
  Registered(const CommView& view, BufferKind kind, std::size_t bytes) : owner_(view.owner) {
    const auto& gpu = view.device.gpu();
    const Passage passage;
    check(gpu, ncclMemAlloc(&base_, bytes), fmt::format("ncclMemAlloc of {} bytes", bytes).c_str());
    try {
      made_ = kind == BufferKind::symmetric ? open_window(view, base_, bytes)
                                            : enter(view, base_, bytes);
      if (made_.handle == nullptr)
        throw RunError(
            {gpu.where(),
             fmt::format("NCCL has not registered memory for {} buffers, and says nothing of why",
                         buffer_kind_names[static_cast<std::size_t>(kind)]),
             "unset NCCL_LOCAL_REGISTER, NCCL_WIN_ENABLE, NCCL_CUMEM_ENABLE and "
             "NCCL_P2P_USE_CUDA_MEMCPY, or measure plain buffers"});
    } catch (...) {
      ncclMemFree(base_);
      throw;
    }
  }
  ~Registered() {
    const Passage passage;
    made_.end(owner_->get(), made_.handle);
    ncclMemFree(base_);
  }
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  void* base() const { return base_; }

 private:
  std::shared_ptr<const Comm> owner_;
  void* base_ = nullptr;
  Registration made_;
};
#else
class Registered {
 public:
  Registered(const CommView&, BufferKind, std::size_t) {
    throw InternalError("registered buffers are refused with this NCCL");
  }
  void* base() const { return nullptr; }
};
#endif

}  // namespace

Versions versions() {
  Versions here{.built = NCCL_VERSION_CODE};
  ncclGetVersion(&here.loaded);
  return here;
}

std::string buffers_refusal(BufferKind kind, Versions versions) {
  const auto index = static_cast<std::size_t>(kind);
  const int needed = since[index];
  if (versions.built < needed)
    return fmt::format("{} buffers need NCCL {}, and assay was built with {}",
                       buffer_kind_names[index], text(needed), text(versions.built));
  if (versions.loaded < needed)
    return fmt::format("{} buffers need NCCL {}, and {} is loaded", buffer_kind_names[index],
                       text(needed), text(versions.loaded));
  return {};
}

device::Buffer allocate(const CommView& view, BufferKind kind, std::size_t bytes) {
  if (kind == BufferKind::plain) return view.device.allocate(bytes);
  auto memory = std::make_shared<const Registered>(view, kind, bytes);
  auto* base = memory->base();
  return {base, bytes, [kept = std::move(memory)](void*, std::size_t) {}};
}

}  // namespace assay::comm::nccl

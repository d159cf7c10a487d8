#include "harness/comm/nccl_memory.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string_view>
#include <utility>

#include "harness/comm/nccl_live.hpp"
#include "harness/core/error.hpp"

namespace assay::comm::nccl {
namespace {

constexpr int since[] = {0, NCCL_VERSION(2, 19, 0), NCCL_VERSION(2, 27, 0)};  // by BufferKind

std::string text(int version) {
  return fmt::format("{}.{}", version / 10'000, version / 100 % 100);
}

/// Calls of NCCL that older versions lack; nothing asks for what buffers_refusal() refuses.
struct Calls {
  ncclResult_t (*make)(ncclComm_t comm, void* base, std::size_t bytes, void** handle) = nullptr;
  void (*end)(ncclComm_t comm, void* handle) = nullptr;
  const char* name = "";
};

#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 19, 0)
ncclResult_t allocate_memory(void** base, std::size_t bytes) { return ncclMemAlloc(base, bytes); }
void free_memory(void* base) { ncclMemFree(base); }
constexpr Calls registering{[](ncclComm_t comm, void* base, std::size_t bytes, void** handle) {
                              return ncclCommRegister(comm, base, bytes, handle);
                            },
                            [](ncclComm_t comm, void* handle) { ncclCommDeregister(comm, handle); },
                            "ncclCommRegister"};
#else
ncclResult_t allocate_memory(void**, std::size_t) { return ncclInvalidUsage; }
void free_memory(void*) {}
constexpr Calls registering{};
#endif

#if NCCL_VERSION_CODE >= NCCL_VERSION(2, 27, 0)
constexpr Calls opening{[](ncclComm_t comm, void* base, std::size_t bytes, void** handle) {
                          ncclWindow_t window = nullptr;
                          const auto code = ncclCommWindowRegister(comm, base, bytes, &window,
                                                                   NCCL_WIN_COLL_SYMMETRIC);
                          *handle = window;
                          return code;
                        },
                        [](ncclComm_t comm, void* handle) {
                          ncclCommWindowDeregister(comm, static_cast<ncclWindow_t>(handle));
                        },
                        "ncclCommWindowRegister"};
#else
constexpr Calls opening{};
#endif

/// In the order of their going: registration, memory.
struct Registered {
  Registered(const CommView& view, BufferKind kind, std::size_t bytes) : memory(view, bytes) {
    NcclFailure failure;
    registration = Registration(view, kind, memory, failure);
    nccl::check(view.device.gpu(), failure.code(), failure.call());
    registration.check(view, kind);
  }
  NcclMemory memory;
  Registration registration;
};

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

std::string two_at_once_refusal(Versions versions) {
  constexpr int ordered = NCCL_VERSION(2, 26, 0);
  if (versions.loaded < ordered)
    return fmt::format("two communicators at once may wait for each other for ever before NCCL {}",
                       text(ordered));
  const char* value = std::getenv("NCCL_LAUNCH_ORDER_IMPLICIT");
  if (value != nullptr && std::string_view(value) == "1") return {};
  return "two communicators at once may wait for each other for ever unless "
         "NCCL_LAUNCH_ORDER_IMPLICIT=1 is set on all ranks";
}

NcclMemory::NcclMemory(const CommView& view, std::size_t bytes) : bytes_(bytes) {
  const auto call = fmt::format("ncclMemAlloc of {} bytes", bytes);
  nccl::check(view.device.gpu(), allocate_memory(&base_, bytes), call.c_str());
}

NcclMemory::~NcclMemory() { free_memory(base_); }

Registration::Registration(const CommView& view, BufferKind kind, const NcclMemory& memory,
                           NcclFailure& failure) noexcept
    : owner_(view.owner) {
  const Passage passage;
  const auto& calls = kind == BufferKind::symmetric ? opening : registering;
  failure.note(calls.make(view.comm(), memory.data(), memory.size(), &handle_), calls.name);
  end_ = calls.end;
}

Registration::~Registration() {
  if (handle_ == nullptr) return;
  const Passage passage;
  end_(owner_->get(), handle_);
}

Registration& Registration::operator=(Registration&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(handle_, other.handle_);
  std::swap(end_, other.end_);
  return *this;
}

void Registration::check(const CommView& view, BufferKind kind) const {
  if (handle_ != nullptr) return;
  throw UnsupportedError(
      {view.device.gpu().where(),
       fmt::format("NCCL has registered no memory for {} buffers, as where GPUs do not all reach "
                   "each other",
                   buffer_kind_names[static_cast<std::size_t>(kind)]),
       "measure plain buffers, or see that NCCL_LOCAL_REGISTER, NCCL_WIN_ENABLE, "
       "NCCL_CUMEM_ENABLE and NCCL_P2P_USE_CUDA_MEMCPY are not set"});
}

device::Buffer allocate(const CommView& view, BufferKind kind, std::size_t bytes) {
  if (kind == BufferKind::plain) return view.device.allocate(bytes);
  auto memory = std::make_shared<const Registered>(view, kind, bytes);
  auto* base = memory->memory.data();
  return {base, bytes, [kept = std::move(memory)](void*, std::size_t) {}};
}

}  // namespace assay::comm::nccl

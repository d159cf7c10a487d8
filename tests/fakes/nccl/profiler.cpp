// The other side of NCCL's profiler interface: what is told of a call, and when.
#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "harness/comm/nccl_profiler_abi.hpp"
#include "tests/fakes/nccl/task.hpp"

namespace assay::fakes::nccl {
namespace {

namespace abi = comm::nccl::profiler;

int wanted = 0;  ///< kinds of events, set by the profiler
std::atomic<int> events{0};

abi::Plugin* plugin() {
  const char* named = std::getenv("NCCL_PROFILER_PLUGIN");
  if (named == nullptr || std::string(named) != "STATIC_PLUGIN") return nullptr;
  return static_cast<abi::Plugin*>(dlsym(dlopen(nullptr, RTLD_NOW), "ncclProfiler_v4"));
}

void tell(const Core& core, abi::Event event) {
  void* handle = nullptr;
  event.rank = core.wire.rank();
  ++events;
  plugin()->start(core.profiled, &handle, &event);
  plugin()->stop(handle);
}

}  // namespace

int profiled() { return events; }

void begin_profile(Core& core) {
  auto* found = plugin();
  if (found == nullptr) return;
  found->init(&core.profiled, &wanted, "", 0, 1, core.wire.ranks(), core.wire.rank(), nullptr);
}

void end_profile(Core& core) {
  if (core.profiled != nullptr && plugin() != nullptr) plugin()->finalize(core.profiled);
}

void profile(const Task& task) {
  const auto& core = *task.core;
  if (core.profiled == nullptr || wanted == 0 || plugin() == nullptr) return;
  abi::Event call{};
  const bool message = task.call == std::string("ncclSend") || task.call == std::string("ncclRecv");
  call.kind = static_cast<std::uint8_t>(message ? abi::message : abi::collective);
  if (!message) {
    call.collective.channels = 4;
    call.collective.algorithm = "RING";
    call.collective.protocol = "LL";
  }
  if (wanted & call.kind) tell(core, call);
  // Of the last rank alone: the others are not told what it sends through.
  const char* network = std::getenv("ASSAY_FAKE_NCCL_NETWORK");
  if (network == nullptr || core.wire.rank() + 1 != core.wire.ranks()) return;
  abi::Event sent{};
  sent.kind = abi::proxy;
  sent.proxy.sends = 1;
  if (wanted & abi::proxy) tell(core, sent);
  const auto id = network == std::string("sockets") ? abi::sockets : abi::infiniband;
  abi::Event told{};
  told.kind = static_cast<std::uint8_t>(abi::network);
  told.network.id = (id << abi::network_shift) | 1;
  if ((wanted & abi::network) && network != std::string("untold")) tell(core, told);
}

}  // namespace assay::fakes::nccl

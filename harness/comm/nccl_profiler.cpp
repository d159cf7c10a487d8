#include "harness/comm/nccl_profiler.hpp"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>
#include <sstream>

#include "harness/comm/nccl_profiler_abi.hpp"

namespace assay::comm::nccl {
namespace {

using Names = std::map<std::string, std::set<std::string>>;

constexpr int everything =
    profiler::collective | profiler::message | profiler::proxy | profiler::network;
constexpr const char* algorithm = "nccl_algorithm";
constexpr const char* protocol = "nccl_protocol";
constexpr const char* transport = "nccl_transport";
constexpr const char* no_network = "no network";

/// NCCL's threads tell, and the measuring one asks.
struct Watch {
  std::mutex mutex;
  Names names;  ///< by note
  std::atomic<bool> on{false};
  std::atomic<int*> wanted_kinds{nullptr};  ///< NCCL's, one for all communicators
};
Watch& watch() {
  static Watch the_watch;
  return the_watch;
}

void turn(bool on) {
  watch().on = on;
  if (int* wanted = watch().wanted_kinds)
    __atomic_store_n(wanted, on ? everything : 0, __ATOMIC_RELAXED);
}

ncclResult_t init(void** context, int* wanted, const char*, std::uint64_t, int, int, int,
                  void (*)()) {
  *context = &watch();
  watch().wanted_kinds = wanted;
  turn(watch().on);
  return ncclSuccess;
}

const char* network_named(std::int64_t id) {
  switch (id >> profiler::network_shift) {
    case profiler::infiniband:
      return "InfiniBand or RoCE";
    case profiler::sockets:
      return "sockets";
    default:
      return "network";
  }
}

ncclResult_t start(void*, void** handle, profiler::Event* event) {
  // Where there is none, NCCL 2.27 tells nothing of what belongs to it.
  *handle = &watch();
  if (!watch().on) return ncclSuccess;
  const std::lock_guard lock(watch().mutex);
  auto& names = watch().names;
  if (event->kind == profiler::collective) {
    names[algorithm].insert(event->collective.algorithm);
    names[protocol].insert(event->collective.protocol);
    names["nccl_channels"].insert(std::to_string(event->collective.channels));
  }
  if (event->kind == profiler::network)
    names[transport].insert(network_named(event->network.id));
  else if (event->kind == profiler::proxy && event->proxy.sends == 1)
    names[transport].insert("network");
  else
    names[transport].insert(no_network);
  return ncclSuccess;
}

ncclResult_t stop(void*) { return ncclSuccess; }
ncclResult_t record(void*, int, void*) { return ncclSuccess; }
ncclResult_t finalize(void*) { return ncclSuccess; }

/// Lines of note, tab, name.
std::string to_text(const Names& names) {
  std::string text;
  for (const auto& [note, all] : names)
    for (const auto& name : all) text += note + '\t' + name + '\n';
  return text;
}
void add(Names& names, const std::string& text) {
  std::istringstream lines(text);
  for (std::string note, name; std::getline(lines, note, '\t') && std::getline(lines, name);)
    names[note].insert(name);
}

}  // namespace

void offer_profiler() { setenv("NCCL_PROFILER_PLUGIN", "STATIC_PLUGIN", 0); }

void watch_choices() {
  const std::lock_guard lock(watch().mutex);
  watch().names.clear();
  turn(true);
}

std::map<std::string, std::string> choices(Team& team, BufferKind buffers) {
  // What a rank sends may go out when its own part is complete, but not when everybody's is.
  team.barrier();
  turn(false);
  std::string mine;
  {
    const std::lock_guard lock(watch().mutex);
    mine = to_text(watch().names);
  }
  Names names;
  for (const auto& text : gather_text(team, mine)) add(names, text);
  // What is known better of another rank, or of a later message.
  auto& transports = names[transport];
  if (transports.size() > 1) transports.erase(no_network);
  if (transports.size() > 1) transports.erase("network");
  // NCCL's kernels for these are told as whatever algorithm comes first.
  if (buffers == BufferKind::symmetric)
    for (const auto* note : {algorithm, protocol}) names.erase(note);
  std::map<std::string, std::string> notes;
  for (const auto& [note, all] : names)
    for (const auto& name : all) notes[note] += (notes[note].empty() ? "" : ", ") + name;
  return notes;
}

}  // namespace assay::comm::nccl

/// Where NCCL looks for it: see nccl_profiler.list.
extern "C" assay::comm::nccl::profiler::Plugin ncclProfiler_v4;
assay::comm::nccl::profiler::Plugin ncclProfiler_v4{"assay",
                                                    assay::comm::nccl::init,
                                                    assay::comm::nccl::start,
                                                    assay::comm::nccl::stop,
                                                    assay::comm::nccl::record,
                                                    assay::comm::nccl::finalize};

#include "harness/bench/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace assay::bench {

const Benchmark* find(const Benchmarks& benchmarks, std::string_view name) {
  const auto it = std::find_if(benchmarks.begin(), benchmarks.end(),
                               [&](const auto& b) { return b->info().name == name; });
  return it == benchmarks.end() ? nullptr : it->get();
}

Catalogue catalogue_of(const Benchmarks& benchmarks) {
  Catalogue catalogue;
  for (const auto& benchmark : benchmarks) catalogue.push_back(benchmark->info());
  return catalogue;
}

const comm::Backend* backend_of(const Dims& dims, std::span<const comm::Backend> backends) {
  const auto dim = dims.find("backend");
  if (dim == dims.end()) return nullptr;
  const auto row = std::find_if(backends.begin(), backends.end(), [&](const auto& backend) {
    return backend.name == std::get<std::string>(dim->second);
  });
  return row == backends.end() ? nullptr : &*row;
}

device::MemoryKind memory_of(const Dims& dims, std::span<const comm::Backend> backends) {
  if (const auto dim = dims.find("memory"); dim != dims.end())
    return std::get<std::string>(dim->second) == name(device::MemoryKind::device)
               ? device::MemoryKind::device
               : device::MemoryKind::host;
  const auto* backend = backend_of(dims, backends);
  return backend == nullptr ? device::MemoryKind::host : backend->memory;
}

bool needs_gpu(const Dims& dims, std::span<const comm::Backend> backends) {
  const auto* backend = backend_of(dims, backends);
  const bool missing = backend != nullptr && !backend->missing.empty();
  return !missing && memory_of(dims, backends) == device::MemoryKind::device;
}

TimedBy timed_by(const BenchmarkInfo& info, const Dims& dims,
                 std::span<const comm::Backend> backends) {
  if (info.on_host) return TimedBy::caller;
  const auto* backend = backend_of(dims, backends);
  if (backend != nullptr) return backend->done_on_return ? TimedBy::caller : TimedBy::device;
  return memory_of(dims, backends) == device::MemoryKind::host ? TimedBy::caller : TimedBy::device;
}

Support support(const Benchmark& benchmark, const Case& spec, const Facts& facts) {
  auto own = benchmark.supports(spec, facts);
  if (!own.yes()) return own;
  const bool on_gpu = needs_gpu(spec.dims, facts.backends);
  if (on_gpu && !facts.no_gpu.empty()) return {facts.no_gpu};
  if (spec.protocol.pacing != Pacing::graph) return {};
  if (!on_gpu)
    return {"pacing graph replays what a GPU has recorded, and this is in the host's memory"};
  if (timed_by(benchmark.info(), spec.dims, facts.backends) == TimedBy::caller)
    return {
        fmt::format("pacing graph replays what is only enqueued, and what {} launches is done "
                    "when the call returns: use isolated or stream",
                    text_dim(spec.dims, "backend"))};
  return {};
}

std::string backend_refusal(const Dims& dims, const Facts& facts) {
  const auto* row = backend_of(dims, facts.backends);
  if (row == nullptr) return fmt::format("there is no backend '{}'", text_dim(dims, "backend"));
  return row->missing.empty() ? std::string() : fmt::format("{}: {}", row->name, row->missing);
}

Context for_case(const Context& context, const Case& spec) {
  return {spec,         context.group,          context.device,  context.communicator,
          context.seed, context.rotation_bytes, context.threads, context.companion,
          context.axes};
}

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

}  // namespace assay::bench

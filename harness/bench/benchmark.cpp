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

std::string backend_refusal(const Dims& dims, const Facts& facts) {
  const auto& wanted = text_dim(dims, "backend");
  const auto row = std::find_if(facts.backends.begin(), facts.backends.end(),
                                [&](const auto& backend) { return backend.name == wanted; });
  if (row == facts.backends.end()) return fmt::format("there is no backend '{}'", wanted);
  return row->missing.empty() ? std::string() : fmt::format("{}: {}", wanted, row->missing);
}

Context for_case(const Context& context, const Case& spec) {
  return {spec,         context.group,          context.device,  context.communicator,
          context.seed, context.rotation_bytes, context.threads, context.companion};
}

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

}  // namespace assay::bench

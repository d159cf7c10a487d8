// What recording one sample costs: two clock readings, a store, and the progress word.
#include <benchmark/benchmark.h>

#include <vector>

#include "harness/run/timing.hpp"

namespace {

using namespace assay;

class Nothing final : public bench::Prepared {
 public:
  Work work() const override { return {}; }
  void launch() noexcept override {}
};

void record(benchmark::State& state, Pacing pacing) {
  const auto team = comm::make_solo_team();
  Nothing nothing;
  run::Progress progress;
  std::vector<std::int64_t> durations_ns(10'000);
  for (auto _ : state) {
    run::time_launches({nothing, *team, progress}, {.pacing = pacing}, durations_ns);
    benchmark::DoNotOptimize(durations_ns.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(durations_ns.size()));
  state.counters["per_sample"] =
      benchmark::Counter(static_cast<double>(state.items_processed()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(record, isolated, Pacing::isolated);
BENCHMARK_CAPTURE(record, stream, Pacing::stream);

void read_clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(run::now_ns());
}
BENCHMARK(read_clock);

}  // namespace

BENCHMARK_MAIN();

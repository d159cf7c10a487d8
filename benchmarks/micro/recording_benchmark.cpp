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
  constexpr std::size_t n = 10'000;
  std::vector<std::int64_t> begin_ns(n), end_ns(n);
  for (auto _ : state) {
    run::time_launches({nothing, *team, progress}, {.pacing = pacing}, {begin_ns, end_ns, {}});
    benchmark::DoNotOptimize(end_ns.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(n));
  state.counters["per_sample"] =
      benchmark::Counter(static_cast<double>(state.items_processed()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(record, isolated, Pacing::isolated);
BENCHMARK_CAPTURE(record, stream, Pacing::stream);

void read_clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(now_ns());
}
BENCHMARK(read_clock);

}  // namespace

BENCHMARK_MAIN();

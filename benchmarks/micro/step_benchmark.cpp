// What the executor of a step takes for an operation beside the operation itself: a line of compute
// on the host, and the same enqueued on streams that do nothing. Target: below 5 µs each.
#include <benchmark/benchmark.h>

#include "harness/bench/step_executor.hpp"
#include "harness/schedule/step_builder.hpp"

namespace {

using namespace assay;

constexpr int operations = 1000;

class NoStreams final : public device::Streams {
 public:
  void use(std::size_t) noexcept override {}
  void use_own() noexcept override {}
  void record(std::size_t) noexcept override {}
  void wait_for(std::size_t) noexcept override {}
  bool happened(std::size_t) noexcept override { return true; }
  double seconds(std::size_t, std::size_t) const override { return 0; }
  void check() const override {}
};

/// On two streams in turn, each operation after the one before.
step::Job in_turn() {
  step::Builder build(2);
  const auto line = build.buffer("x", DataType::fp32, 16);
  for (int i = 0; i < operations; ++i)
    build.add(static_cast<std::uint16_t>(i % 2), {"clear", step::ElementWise{64}},
              {step::write(line)});
  return {1, {"one", "other"}, {}, {}, {build.done()}};
}

void count(benchmark::State& state) {
  state.counters["per_operation"] = benchmark::Counter(
      operations, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void on_the_host(benchmark::State& state) {
  const auto host = device::make_host_device();
  bench::StepExecutor executor(in_turn(), 0, *host, {}, {});
  for (auto _ : state) executor.launch();
  count(state);
}
BENCHMARK(on_the_host)->Unit(benchmark::kMicrosecond);

void enqueued(benchmark::State& state) {
  const auto host = device::make_host_device();
  const auto job = in_turn();
  NoStreams streams;
  bench::StepGraph graph({job, 0, *host, &streams}, {}, {});
  bench::StepQueue queue(graph, streams);
  for (auto _ : state) queue.enqueue(bench::StepPart::whole);
  count(state);
}
BENCHMARK(enqueued)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();

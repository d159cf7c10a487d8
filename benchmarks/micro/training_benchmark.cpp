// What it takes to generate, validate and account for the step of a large model on many ranks:
// Llama-3.1 405B over 8 × 8 × 2 × 128 = 16,384. Target: generating and validating below 1 s.
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <string>

#include "harness/plan/training_json.hpp"
#include "harness/schedule/step_account.hpp"
#include "harness/schedule/training/generate.hpp"

namespace {

using namespace assay;

/// From the root of the source tree, where it is run.
training::Model model() {
  const std::string path = "configs/models/llama-3.1-405b.json";
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return plan::parse_model(text, path);
}

training::Layout layout(int ranks) {
  training::Layout layout;
  layout.name = "tp8-pp8-cp2-vp8";
  layout.tp = layout.pp = layout.vp = 8;
  layout.cp = 2;
  layout.sequence_parallel = layout.zero1 = true;
  layout.dp = ranks / 128;
  layout.global_batch = static_cast<std::uint64_t>(ranks) / 2;
  layout.sequence = 8192;
  return layout;
}

void count(benchmark::State& state, const step::Job& job) {
  double operations = 0;
  for (const auto& schedule : job.schedules)
    operations += static_cast<double>(schedule.operations.size());
  state.counters["operations"] = operations;
}

void generate_and_validate(benchmark::State& state) {
  for (auto _ : state) {
    const auto job = training::generate(model(), layout(static_cast<int>(state.range(0))));
    if (!step::problem_of(job).empty()) state.SkipWithError("the job has a problem");
    count(state, job);
  }
}
BENCHMARK(generate_and_validate)->Arg(1024)->Arg(16384)->Unit(benchmark::kMillisecond);

void account(benchmark::State& state) {
  const auto job = training::generate(model(), layout(static_cast<int>(state.range(0))));
  for (auto _ : state) benchmark::DoNotOptimize(step::account_of(job));
}
BENCHMARK(account)->Arg(16384)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

// How fast one core fills, verifies and reduces, per type and instruction set, in memory far larger
// than the caches. The counter `of_copy` relates the bytes of one buffer per second to those that
// the faster of memcpy and kernels::copy copies per second: measured in the same pass, turn by
// turn, medians, because a shared machine's memory bandwidth drifts.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/instruction_set.hpp"
#include "kernels/kernels.hpp"

namespace {

using namespace assay;
using namespace assay::kernels;

constexpr std::size_t buffer_bytes = std::size_t{256} << 20;
constexpr std::size_t doubles = buffer_bytes / sizeof(double);

struct Memory {
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<void, Free> owner[3];
  Memory() {
    for (auto& buffer : owner) {
      buffer.reset(std::aligned_alloc(4096, buffer_bytes));
      if (buffer == nullptr) throw std::bad_alloc();
      std::memset(buffer.get(), 0, buffer_bytes);
    }
  }
  void* get(std::size_t i) const { return owner[i].get(); }
  double* as_doubles(std::size_t i) const { return static_cast<double*>(owner[i].get()); }
};

Memory& memory() {
  static Memory buffers;
  return buffers;
}

/// This thread's processor time: on a shared machine the clock on the wall runs for others, too.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double seconds_of(const std::function<void()>& work) {
  const double start = thread_seconds();
  work();
  return thread_seconds() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

void copy_with_library() { std::memcpy(memory().get(1), memory().get(0), buffer_bytes); }
void copy_with_kernel() { copy(memory().as_doubles(1), memory().as_doubles(0), doubles); }

using Work = std::function<void()>;

/// `work` handles one buffer, after an untimed `prepare`; memcpy and copy take turns with it.
void measure(benchmark::State& state, const std::string& set, const Work& prepare,
             const Work& work) {
  use_instruction_set(set);
  prepare();
  work();
  std::vector<double> own, library, kernel;
  for (auto _ : state) {
    library.push_back(seconds_of(copy_with_library));
    kernel.push_back(seconds_of(copy_with_kernel));
    own.push_back(seconds_of(work));
    state.SetIterationTime(own.back());
  }
  const double mine = median(own);
  state.counters["GB/s"] = static_cast<double>(buffer_bytes) / mine / 1e9;
  state.counters["of_copy"] = std::min(median(library), median(kernel)) / mine;
}

void add(const std::string& what, const std::string& set, const Work& prepare, const Work& work) {
  benchmark::RegisterBenchmark((what + "/" + set).c_str(),
                               [=](benchmark::State& state) { measure(state, set, prepare, work); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

/// The copies use buffers 0 and 1, which stay zero; patterns live in buffer 2.
void add_pattern(DataType type, ReduceOp op, const std::string& set) {
  const Pattern pattern = reduction(type, op, 8, 1);
  const std::size_t count = buffer_bytes / size_of(type);
  const Slice slice{.seed = 1, .first_index = 0, .count = count};
  const std::string suffix = "/" + std::string(name(type)) + "/" + std::string(name(op));
  const Work fill_it = [=] { fill(memory().get(2), pattern, slice); };
  add(
      "fill" + suffix, set, [] {}, fill_it);
  add("verify" + suffix, set, fill_it, [=] {
    if (verify(memory().get(2), pattern, slice).wrong != 0) std::abort();
  });
  add("reduce" + suffix, set, fill_it,
      [=] { reduce(memory().get(2), memory().get(1), count, type, op); });
}

void add_all(const std::string& set) {
  for (const auto& row : data_types) add_pattern(row.type, ReduceOp::sum, set);
  add(
      "memcpy", set, [] {}, copy_with_library);
  add(
      "copy", set, [] {}, copy_with_kernel);
  add(
      "triad", set, [] {},
      [] {
        triad(memory().as_doubles(2), memory().as_doubles(0), memory().as_doubles(1), 0.5, doubles);
      });
}

/// The same whatever the instruction set: exponentials are the library's.
void add_softmax(const std::string& set) {
  for (const auto type : {DataType::fp64, DataType::fp32, DataType::fp16, DataType::bf16}) {
    const Rows rows{.count = buffer_bytes / size_of(type) / 1024, .width = 1024};
    const Work fill_it = [=] {
      fill(memory().get(2), movement(type, 8, 1), {1, 0, rows.count * rows.width});
    };
    const auto suffix = "/" + std::string(name(type));
    add("softmax" + suffix, set, fill_it, [=] { softmax(memory().get(2), rows, type); });
    add("softmax_gradient" + suffix, set, fill_it,
        [=] { softmax_gradient(memory().get(0), memory().get(2), rows, type); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (const InstructionSet* const* set = instruction_sets(); *set != nullptr; ++set)
    add_all((*set)->name);
  add_softmax((*instruction_sets())->name);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// Every row of the collective table × every backend that is here × types × operators × counts, on
// as many ranks as mpirun started. A new row or backend is tested without a new line here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/collective_benchmark.hpp"
#include "harness/run/runner.hpp"
#include "tests/fakes/faults.hpp"
#include "tests/mpi/session.hpp"

namespace assay {
namespace {

/// 0, 1, odd, and large enough for a library to change its algorithm.
constexpr std::array<std::int64_t, 5> counts{0, 1, 7, 1023, 70'001};

struct Outcome {
  VerifyReport before, after;
  std::string path;
};

struct Setup {
  const bench::Benchmark& benchmark;
  const comm::Backend& backend;
  Case spec;
};

/// Launches with rotation over three buffers or more and back to the first, then verifies what the
/// last launch left.
Outcome launch_and_verify(const Setup& setup) {
  auto& world = session->world();
  const auto team = world.split(0, world.rank());
  const auto communicator = setup.backend.open(*team);
  const auto device = device::make_host_device();
  const auto bytes = static_cast<std::uint64_t>(integer_dim(setup.spec.dims, "bytes"));
  bench::Context context{setup.spec, {team->rank(), team->size(), world.rank(), "here"},
                         *device,    communicator.get(),
                         42,         5 * std::max<std::uint64_t>(bytes, 64),
                         1};
  auto prepared = setup.benchmark.prepare(context);
  Outcome outcome;
  outcome.path = prepared->launch_info().path;
  outcome.before = prepared->verify(Moment::before);
  for (int i = 0; i < 4; ++i) prepared->launch();
  prepared->reset({true});
  prepared->launch();
  prepared->check();
  outcome.after = prepared->verify(Moment::after);
  return outcome;
}

Case case_of(const BenchmarkInfo& info, const comm::Backend& backend, DataType type,
             std::int64_t count) {
  Case spec;
  spec.benchmark = info.name;
  for (const auto& dim : info.dims) spec.dims[std::string(dim.name)] = dim.fallback;
  spec.dims["backend"] = backend.name;
  spec.dims["type"] = std::string(name(type));
  spec.dims["bytes"] = count * static_cast<std::int64_t>(size_of(type));
  return spec;
}

std::vector<Case> cases_of(const BenchmarkInfo& info, const comm::Backend& backend) {
  std::vector<Case> cases;
  for (const auto& type : data_types)
    for (const auto count : counts) {
      const auto plain = case_of(info, backend, type.type, count);
      std::vector<Case> variants{plain};
      if (info.reduces) {
        variants.clear();
        for (const auto op : reduce_op_names) {
          variants.push_back(plain);
          variants.back().dims["op"] = std::string(op);
        }
      }
      for (auto& variant : variants) {
        cases.push_back(variant);
        if (!variant.dims.contains("in_place")) continue;
        cases.push_back(variant);
        cases.back().dims["in_place"] = true;
      }
    }
  return cases;
}

bool is_collective(const bench::Benchmark& benchmark) {
  const auto& info = benchmark.info();
  return std::any_of(info.dims.begin(), info.dims.end(),
                     [](const auto& dim) { return dim.name == "backend"; });
}

template <class F>
void for_every_row_and_backend(F f) {
  std::size_t seen = 0;
  for (const auto& benchmark : benchmarks::catalogue()) {
    if (!is_collective(*benchmark)) continue;
    for (const auto& backend : comm::backends()) {
      if (!backend.missing.empty()) continue;
      ++seen;
      f(*benchmark, backend);
    }
  }
  EXPECT_GE(seen, collective_names.size()) << "no row was exercised";
}

TEST(Conformance, EveryRowTypeOperatorAndCountIsExact) {
  for_every_row_and_backend([](const auto& benchmark, const auto& backend) {
    for (const auto& spec : cases_of(benchmark.info(), backend)) {
      const auto outcome = launch_and_verify({benchmark, backend, spec});
      SCOPED_TRACE(label(spec));
      EXPECT_EQ(outcome.before.wrong, 0U);
      EXPECT_EQ(outcome.after.wrong, 0U);
      if (outcome.after.first)
        ADD_FAILURE() << outcome.after.first->buffer << "[" << outcome.after.first->offset
                      << "]: expected " << outcome.after.first->expected << ", got "
                      << outcome.after.first->actual;
      EXPECT_EQ(outcome.before.checked > 0, integer_dim(spec.dims, "bytes") > 0);
    }
  });
}

/// The same suite must see each of these, on the rank that has it and there alone.
class ConformanceFault : public testing::TestWithParam<const char*> {};

TEST_P(ConformanceFault, IsCaught) {
  const int last = session->world().size() - 1;
  const bool here = session->world().rank() == last;
  auto fault = fakes::parse_fault(GetParam());
  fault.ranks = {last};
  const auto backends = fakes::faulty_backends(comm::backends(), fault);
  for (const auto& benchmark : benchmarks::catalogue()) {
    if (!is_collective(*benchmark)) continue;
    const auto spec = case_of(benchmark->info(), backends.front(), DataType::fp32, 1024);
    const auto outcome = launch_and_verify({*benchmark, backends.front(), spec});
    SCOPED_TRACE(label(spec));
    EXPECT_EQ(outcome.before.wrong > 0, here);
    EXPECT_EQ(outcome.after.wrong > 0, here);
    EXPECT_EQ(outcome.after.first.has_value(), here);
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, ConformanceFault,
                         testing::Values("corrupt", "swap", "partial", "overrun"));

/// As a run measures it, on all ranks at once; on rank 0.
result::CaseResult run_case(const Case& spec, const bench::Benchmarks& benchmarks,
                            std::span<const comm::Backend> backends) {
  auto& world = session->world();
  plan::Plan plan;
  plan.layouts["world"] = {"world", {{{Group{{{0, world.size() - 1, 1}}}}}}};
  plan.cases = {spec};
  const auto device = device::make_host_device();
  const auto topology = stated_topology(world.size(), world.size());
  run::Progress progress;
  result::CaseResult result;
  run::run_plan(plan, {world, topology, *device, benchmarks, backends, progress},
                {.rotation_bytes = std::uint64_t{1} << 16},
                [&](const result::CaseResult& c) { result = c; });
  return result;
}

/// A launch that does nothing, on all ranks, after so many that were well.
class SkippedLaunch : public testing::TestWithParam<Pacing> {
 protected:
  static constexpr std::int64_t warm_up = 5, timed = 20;

  static VerifyReport verified_after(const bench::Benchmark& benchmark, std::int64_t well) {
    auto fault = fakes::parse_fault("skip");
    fault.after = well;
    const auto good = comm::backends();
    auto spec = case_of(benchmark.info(), good.front(), DataType::fp32, 1024);
    if (!is_collective(benchmark)) spec.dims.erase("backend");
    for (const auto* edge : {"m", "n", "k"})
      if (spec.dims.contains(edge)) spec.dims[edge] = std::int64_t{64};
    spec.layout = "world";
    spec.protocol.pacing = GetParam();
    spec.protocol.warm_up = {.iterations = warm_up, .time_s = 0};
    spec.protocol.pilot = 0;
    spec.protocol.stop = {.kind = StopKind::iterations, .iterations = timed};
    const auto result =
        is_collective(benchmark)
            ? run_case(spec, benchmarks::catalogue(), fakes::faulty_backends(good, fault))
            : run_case(spec, fakes::faulty_benchmarks(benchmarks::catalogue(), fault), good);
    EXPECT_EQ(result.verify.before.wrong, 0U);
    return result.verify.after;
  }
};
INSTANTIATE_TEST_SUITE_P(Pacings, SkippedLaunch, testing::Values(Pacing::isolated, Pacing::stream));

TEST_P(SkippedLaunch, IsCaughtWhenItIsTheLastOne) {
  for (const auto& benchmark : benchmarks::catalogue()) {
    if (benchmark->info().name == "noop") continue;
    SCOPED_TRACE(benchmark->info().name);
    // A communicator sees the launch that is verified before the loop too.
    const std::int64_t all = (is_collective(*benchmark) ? 1 : 0) + warm_up + timed;
    const auto last = verified_after(*benchmark, all - 1);
    const auto none = verified_after(*benchmark, all);
    if (session->world().rank() != 0) continue;
    EXPECT_GT(last.wrong, 0U);
    EXPECT_EQ(none.wrong, 0U) << "it was not the last launch of the loop that was skipped";
    EXPECT_GT(none.checked, 0U);
  }
}

TEST(Conformance, TheFirstWrongElementIsLocated) {
  auto fault = fakes::parse_fault("corrupt");
  const auto backends = fakes::faulty_backends(comm::backends(), fault);
  const auto benchmark = benchmarks::make_collective_benchmark(benchmarks::all_reduce_spec);
  const auto spec = case_of(benchmark->info(), backends.front(), DataType::fp32, 1000);
  const auto outcome = launch_and_verify({*benchmark, backends.front(), spec});
  EXPECT_EQ(outcome.after.wrong, 1U);
  if (!outcome.after.first) return;
  EXPECT_EQ(outcome.after.first->offset, 500U);  // the byte in the middle of 4,000
  EXPECT_EQ(outcome.after.first->rank, session->world().rank());
  EXPECT_NE(outcome.after.first->expected, outcome.after.first->actual);
}

TEST(Team, GathersAndBroadcastsBytesOfAnySize) {
  auto& world = session->world();
  const auto texts =
      comm::gather_text(world, std::string(static_cast<std::size_t>(world.rank()), 'x'));
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i].size(), i);
  EXPECT_EQ(texts.size(), world.rank() == 0 ? static_cast<std::size_t>(world.size()) : 0U);
  const int last = world.size() - 1;
  EXPECT_EQ(comm::broadcast_text(world, world.rank() == last ? "from the last" : "", last),
            "from the last");
  EXPECT_FALSE(comm::all_agree(world, world.rank() != last));
  EXPECT_TRUE(comm::all_agree(world, true));
}

TEST(Team, SendsFromRankToRankInOrder) {
  auto& world = session->world();
  const int next = world.rank() + 1, previous = world.rank() - 1;
  if (previous >= 0) {
    EXPECT_EQ(comm::receive_value<int>(world, previous), previous);
    EXPECT_EQ(comm::receive_value<double>(world, previous), 0.5);
  }
  if (next == world.size()) return;
  comm::send_value(world, world.rank(), next);
  comm::send_value(world, 0.5, next);
}

TEST(Team, SplitsByColorInKeyOrder) {
  auto& world = session->world();
  const auto part = world.split(world.rank() % 2, -world.rank());
  ASSERT_NE(part, nullptr);
  std::vector<double> highest{static_cast<double>(world.rank())};
  part->max(highest);
  EXPECT_EQ(part->rank() == 0, highest[0] == world.rank());
  EXPECT_EQ(world.split(-1, 0), nullptr);
}

}  // namespace
}  // namespace assay

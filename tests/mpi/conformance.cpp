// Every row of the collective table × every backend that is here × types × operators × counts, on
// as many ranks as mpirun started. A new row or backend is tested without a new line here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/collective_benchmark.hpp"
#include "harness/core/error.hpp"
#include "harness/device/available_memory.hpp"
#include "harness/run/runner.hpp"
#include "harness/schedule/layouts.hpp"
#include "tests/fakes/faults.hpp"
#include "tests/mpi/place.hpp"

namespace assay {
namespace {

struct Outcome {
  VerifyReport before, after;
  std::string path;
};

struct Setup {
  const bench::Benchmark& benchmark;
  Place& place;
  Case spec;
  std::uint64_t buffers = 5;  ///< to rotate over, of the larger kind
  int iterations = 4;         ///< before the verified one
};

bool anyone_checked(const Outcome& outcome) {
  return !comm::all_agree(session->world(), outcome.before.checked == 0);
}

/// Launches with rotation over three buffers or more and back to the first, then verifies what the
/// last launch left.
Outcome launch_and_verify(const Setup& setup) {
  const auto& [team, device, connection, communicator] = setup.place;
  const auto beside =
      setup.spec.dims.contains("beside") ? comm::communicator_of_all(*connection, *team) : nullptr;
  const auto at = setup.spec.dims.find("bytes");
  const auto bytes = at == setup.spec.dims.end()
                         ? std::uint64_t{0}
                         : static_cast<std::uint64_t>(std::get<std::int64_t>(at->second));
  bench::Context context{
      setup.spec, {team->rank(), team->size(), team->rank(), "here"}, *device, communicator.get(),
      42,         setup.buffers * std::max<std::uint64_t>(bytes, 64), 1};
  context.companion = {context.group, beside.get()};
  auto prepared = setup.benchmark.prepare(context);
  prepared->calibrate(*team);
  Outcome outcome;
  outcome.path = prepared->launch_info().path;
  outcome.before = prepared->verify(Moment::before);
  const auto per_iteration = static_cast<int>(prepared->turns().launches());
  for (int i = 1; i < (setup.iterations + 1) * per_iteration; ++i) prepared->launch();
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
  if (!spec.dims.contains("bytes")) return spec;
  spec.dims["type"] = std::string(name(type));
  spec.dims["bytes"] = count * static_cast<std::int64_t>(size_of(type));
  return spec;
}

/// Every value of one more dimension for every case that has it.
void multiply(std::vector<Case>& cases, std::string_view dim, const std::vector<DimValue>& values) {
  std::vector<Case> all;
  for (const auto& spec : cases) {
    if (!spec.dims.contains(dim)) {
      all.push_back(spec);
      continue;
    }
    for (const auto& value : values) {
      all.push_back(spec);
      all.back().dims[std::string(dim)] = value;
    }
  }
  cases = std::move(all);
}

std::vector<DimValue> texts(std::span<const std::string_view> names) {
  std::vector<DimValue> values;
  for (const auto name : names) values.emplace_back(std::string(name));
  return values;
}

/// The first, the last, and each in turn.
std::vector<DimValue> roots() {
  return {std::string("0"), std::to_string(session->world().size() - 1), std::string("rotating")};
}

/// Of a row that is 0 but for its end, and others that are not alike.
std::shared_ptr<const TrafficMatrix> with_gaps() {
  const auto ranks = session->world().size();
  TrafficMatrix matrix{ranks, std::vector<std::uint64_t>(static_cast<std::size_t>(ranks * ranks))};
  std::iota(matrix.weights.begin() + ranks - 1, matrix.weights.end(), 1);
  return std::make_shared<TrafficMatrix>(std::move(matrix));
}

bool runs(const bench::Benchmark& benchmark, const Case& spec) {
  const auto topology = stated_topology(session->world().size(), session->world().size());
  const auto layout = schedule::make_layout("world", topology);
  return benchmark.supports(spec, {topology, layout, comm::backends()}).yes();
}

bool is_collective(const bench::Benchmark& benchmark) {
  const auto has = [&](const char* dim) { return find_dim_spec(benchmark.info(), dim) != nullptr; };
  return has("algorithm") || has("collective");
}

/// Any collective in the background, in turns with the same alone.
bool is_nonblocking(const bench::Benchmark& benchmark) {
  return find_dim_spec(benchmark.info(), "collective") != nullptr;
}

/// What carries any collective out in the background: each of them. (Types and operators of the
/// nonblocking forms: nonblocking.cpp.)
std::vector<Case> nonblocking_cases_of(const bench::Benchmark& benchmark, std::vector<Case> cases) {
  std::erase_if(cases, [](const Case& spec) {
    return text_dim(spec.dims, "type") != "fp64" && text_dim(spec.dims, "type") != "bf16";
  });
  for (const auto* name : {"collective", "progress"})
    if (const auto* dim = find_dim_spec(benchmark.info(), name))
      multiply(cases, name, {dim->choices.begin(), dim->choices.end()});
  multiply(cases, "beside",
           {std::string("all_to_all:bytes=4096"), std::string("reduce:type=bf16,bytes=6,op=max")});
  std::erase_if(cases, [&](const Case& spec) { return !runs(benchmark, spec); });
  return cases;
}

std::vector<Case> cases_of(const bench::Benchmark& benchmark, const comm::Backend& backend) {
  const auto& info = benchmark.info();
  std::vector<Case> cases;
  for (const auto& type : data_types)
    for (const auto count : tested_counts())
      cases.push_back(case_of(info, backend, type.type, count));
  if (is_nonblocking(benchmark)) return nonblocking_cases_of(benchmark, std::move(cases));
  multiply(cases, "op", texts(reduce_op_names));
  multiply(cases, "in_place", {false, true});
  multiply(cases, "root", roots());
  for (const auto& dim : info.dims)
    if (dim.name == "algorithm")
      multiply(cases, "algorithm", {dim.choices.begin(), dim.choices.end()});
  multiply(cases, "counts", texts(std::array<std::string_view, 3>{"uniform", "skewed:7", "file:"}));
  for (auto& spec : cases)
    if (traffic_of(spec)) spec.traffic = with_gaps();
  multiply(cases, "window", {std::int64_t{1}, std::int64_t{5}});
  // Algorithms and roots know no types: one wide, one narrow.
  std::erase_if(cases, [](const Case& spec) {
    if (!spec.dims.contains("type")) return false;
    const bool usual = text_dim(spec.dims, "algorithm") == "native" &&
                       (!spec.dims.contains("root") || text_dim(spec.dims, "root") == "rotating");
    const auto& type = text_dim(spec.dims, "type");
    return !usual && type != "fp64" && type != "bf16";
  });
  std::erase_if(cases, [&](const Case& spec) { return !runs(benchmark, spec); });
  return cases;
}

template <class F>
void for_every_row_and_backend(F f) {
  std::size_t seen = 0;
  for (const auto& benchmark : benchmarks::catalogue()) {
    if (!is_collective(*benchmark)) continue;
    for (const auto& backend : tested_backends()) {
      ++seen;
      f(*benchmark, backend);
    }
  }
  EXPECT_GE(seen, collective_names.size()) << "no row was exercised";
}

void expect_exact(const Outcome& outcome) {
  EXPECT_EQ(outcome.before.wrong, 0U);
  EXPECT_EQ(outcome.after.wrong, 0U);
  if (outcome.after.first)
    ADD_FAILURE() << outcome.after.first->buffer << "[" << outcome.after.first->offset
                  << "]: expected " << outcome.after.first->expected << ", got "
                  << outcome.after.first->actual;
}

TEST(Conformance, EveryRowTypeOperatorAndCountIsExact) {
  for_every_row_and_backend([](const auto& benchmark, const auto& backend) {
    Place place(backend);
    for (const auto& spec : cases_of(benchmark, backend)) {
      const auto outcome = launch_and_verify({benchmark, place, spec});
      SCOPED_TRACE(label(spec));
      expect_exact(outcome);
      const bool moves = spec.dims.contains("beside") ||
                         (spec.dims.contains("bytes") && integer_dim(spec.dims, "bytes") > 0);
      // One root alone has nothing to receive from itself.
      if (session->world().size() > 1) {
        EXPECT_EQ(anyone_checked(outcome), moves);
      }
    }
  });
}

/// More elements than an int counts (ctest label `large`): gigabytes, and minutes.
class Large : public testing::Test {
 protected:
  static constexpr std::uint64_t gib = std::uint64_t{1} << 30;
  static constexpr std::int64_t beyond = (std::int64_t{1} << 31) + 6;  ///< even: halves exist

  void SetUp() override {
    const auto free = device::available_memory().value_or(0);
    if (!comm::all_agree(session->world(), free >= 12 * gib))
      GTEST_SKIP() << "needs 12 GiB of free memory";
  }

  /// Verifies `bytes` of int8, one buffer each, and says how they went.
  static std::string path_of(const bench::Benchmark& benchmark, std::int64_t bytes,
                             const Dims& more = {}) {
    const auto backends = comm::backends();
    auto spec = case_of(benchmark.info(), backends.front(), DataType::int8, bytes);
    if (spec.dims.contains("window")) spec.dims["window"] = std::int64_t{1};
    for (const auto& [dim, value] : more) spec.dims[dim] = value;
    SCOPED_TRACE(label(spec));
    if (!runs(benchmark, spec)) return {};
    Place place(backends.front());
    const auto outcome = launch_and_verify({benchmark, place, spec, 1, 1});
    expect_exact(outcome);
    const bool moves = spec.dims.contains("bytes") && session->world().size() > 1;
    EXPECT_TRUE(anyone_checked(outcome) || !moves);
    return outcome.path;
  }
  static std::string path_of(const benchmarks::CollectiveSpec& spec, std::int64_t bytes,
                             const Dims& more) {
    return path_of(*benchmarks::make_collective_benchmark(spec), bytes, more);
  }
};

TEST_F(Large, EveryRowIsExact) {
  for (const auto& benchmark : benchmarks::catalogue())
    if (is_collective(*benchmark) && !is_nonblocking(*benchmark)) path_of(*benchmark, beyond);
}

/// What goes in pieces or as a wider type cannot be started.
TEST_F(Large, NothingNonblockingIsClamped) {
  if (session->world().size() == 1) return;  // it would communicate with nobody
  for (const auto& benchmark : benchmarks::catalogue())
    if (is_nonblocking(*benchmark)) {
      EXPECT_THAT([&] { path_of(*benchmark, beyond); },
                  testing::ThrowsMessage<RunError>(testing::HasSubstr("no nonblocking form")));
    }
}

/// A block of one rank alone exceeds an int.
TEST_F(Large, EveryBlockIsExact) {
  const auto bytes = beyond * session->world().size();
  for (const auto* row :
       {&benchmarks::all_gather_spec, &benchmarks::gather_spec, &benchmarks::scatter_spec})
    EXPECT_EQ(path_of(*row, bytes, {{"in_place", true}}), "wide type");
  if (session->world().size() > 1) return;  // all_to_all has no form in place: too much memory
  EXPECT_EQ(path_of(benchmarks::all_to_all_spec, bytes, {}), "wide type");
}

TEST_F(Large, TheWayRoundIsNamed) {
  EXPECT_EQ(path_of(benchmarks::all_reduce_spec, beyond, {}), "chunked");
  EXPECT_EQ(path_of(benchmarks::reduce_scatter_spec, beyond, {}), "one reduce per rank");
  EXPECT_EQ(path_of(benchmarks::all_to_all_v_spec, beyond, {}), "composed pairwise");
  EXPECT_EQ(path_of(benchmarks::all_reduce_spec, beyond, {{"algorithm", std::string("ring")}}),
            "composed ring");
}

/// Faults are planted in the library's own collectives.
bool in_libraries(const bench::Benchmark& benchmark) {
  const auto& rows = benchmarks::collective_specs();
  return std::any_of(rows.begin(), rows.end(), [&](const auto* spec) {
    return name(spec->collective) == benchmark.info().name && spec->in_libraries;
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
  Place place(backends.front());
  for (const auto& benchmark : benchmarks::catalogue()) {
    if (!is_collective(*benchmark) || !in_libraries(*benchmark)) continue;
    std::vector<Case> cases{case_of(benchmark->info(), backends.front(), DataType::fp32, 1024)};
    multiply(cases, "root", roots());
    for (const auto& spec : cases) {
      if (!runs(*benchmark, spec)) continue;
      const auto outcome = launch_and_verify({*benchmark, place, spec});
      SCOPED_TRACE(label(spec));
      for (const auto& report : {outcome.before, outcome.after}) {
        EXPECT_EQ(report.first.has_value(), report.wrong > 0);
        // A root that receives nothing may still find what was overrun when another was the root.
        if (report.checked > 0 || !here) {
          EXPECT_EQ(report.wrong > 0, here);
        }
      }
    }
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
  run::CommonClock clock(world);
  result::CaseResult result;
  run::run_plan(plan, {world, topology, {*device}, benchmarks, backends, progress, clock},
                {.rotation_bytes = std::uint64_t{1} << 16, .sync = run::Sync::barrier},
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
        in_libraries(benchmark)
            ? run_case(spec, benchmarks::catalogue(), fakes::faulty_backends(good, fault))
            : run_case(spec, fakes::faulty_benchmarks(benchmarks::catalogue(), fault), good);
    EXPECT_EQ(result.verify.before.wrong, 0U);
    return result.verify.after;
  }
};
INSTANTIATE_TEST_SUITE_P(Pacings, SkippedLaunch, testing::Values(Pacing::isolated, Pacing::stream));

TEST_P(SkippedLaunch, IsCaughtWhenItIsTheLastOne) {
  for (const auto& benchmark : benchmarks::catalogue()) {
    const auto& info = benchmark->info();
    // Nothing to check; or nothing to check it on, where nothing was set up.
    if (info.name == "noop" || info.name == "barrier" || info.on_host) continue;
    if (info.name == "training_step") continue;  // its communications are verified apart
    const auto* memory = find_dim_spec(info, "memory");
    if (memory != nullptr && memory->fallback == DimValue{std::string("device")}) continue;
    const bool in_turns = is_nonblocking(*benchmark);
    if (is_collective(*benchmark) && !in_libraries(*benchmark) && !in_turns) continue;
    if (in_turns && (GetParam() == Pacing::stream || session->world().size() == 1)) continue;
    // A root alone receives nothing from itself.
    if (info.name == "broadcast" && session->world().size() == 1) continue;
    SCOPED_TRACE(benchmark->info().name);
    // A communicator sees the launch that is verified before the loop too.
    const std::int64_t all =
        in_turns ? 3 * (warm_up + timed) : (is_collective(*benchmark) ? 1 : 0) + warm_up + timed;
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
  Place place(backends.front());
  const auto outcome = launch_and_verify({*benchmark, place, spec});
  EXPECT_EQ(outcome.after.wrong, 1U);
  if (!outcome.after.first) return;
  EXPECT_EQ(outcome.after.first->offset, 500U);  // the byte in the middle of 4,000
  EXPECT_EQ(outcome.after.first->rank, session->world().rank());
  EXPECT_NE(outcome.after.first->expected, outcome.after.first->actual);
}

}  // namespace
}  // namespace assay

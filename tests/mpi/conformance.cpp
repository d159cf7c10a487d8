// Every row of the collective table × every backend that is here × types × operators × counts, on
// as many ranks as mpirun started. A new row or backend is tested without a new line here.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/collective_benchmark.hpp"
#include "harness/schedule/layouts.hpp"
#include "tests/fakes/faults.hpp"

namespace assay {
namespace {

comm::Session* session = nullptr;

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

/// Collective.
bool anyone_checked(const Outcome& outcome) {
  return !comm::all_agree(session->world(), outcome.before.checked == 0);
}

/// Launches with rotation over several buffers, then verifies what the last launch left.
Outcome launch_and_verify(const Setup& setup) {
  auto& world = session->world();
  const auto team = world.split(0, world.rank());
  const auto communicator = setup.backend.open(*team);
  const auto device = device::make_host_device();
  bench::Context context{setup.spec, {team->rank(), team->size(), world.rank(), "here"},
                         *device,    communicator.get(),
                         42,         3 * (4096 + 64),
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

bool runs(const bench::Benchmark& benchmark, const Case& spec) {
  const auto topology = stated_topology(session->world().size(), session->world().size());
  const auto layout = schedule::make_layout("world", topology);
  return benchmark.supports(spec, {topology, layout, comm::backends()}).yes();
}

std::vector<Case> cases_of(const bench::Benchmark& benchmark, const comm::Backend& backend) {
  const auto& info = benchmark.info();
  std::vector<Case> cases;
  for (const auto& type : data_types)
    for (const auto count : counts) cases.push_back(case_of(info, backend, type.type, count));
  multiply(cases, "op", texts(reduce_op_names));
  multiply(cases, "in_place", {false, true});
  multiply(cases, "root", roots());
  for (const auto& dim : info.dims)
    if (dim.name == "algorithm")
      multiply(cases, "algorithm", {dim.choices.begin(), dim.choices.end()});
  multiply(cases, "counts", {std::string("uniform"), std::string("skewed:7")});
  std::erase_if(cases, [&](const Case& spec) { return !runs(benchmark, spec); });
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
    for (const auto& spec : cases_of(benchmark, backend)) {
      const auto outcome = launch_and_verify({benchmark, backend, spec});
      SCOPED_TRACE(label(spec));
      EXPECT_EQ(outcome.before.wrong, 0U);
      EXPECT_EQ(outcome.after.wrong, 0U);
      if (outcome.after.first)
        ADD_FAILURE() << outcome.after.first->buffer << "[" << outcome.after.first->offset
                      << "]: expected " << outcome.after.first->expected << ", got "
                      << outcome.after.first->actual;
      const bool moves = spec.dims.contains("bytes") && integer_dim(spec.dims, "bytes") > 0;
      // One root alone has nothing to receive from itself.
      if (session->world().size() > 1) {
        EXPECT_EQ(anyone_checked(outcome), moves);
      }
    }
  });
}

/// Faults are planted in the library's own collectives.
bool has_native(const bench::Benchmark& benchmark) { return benchmark.info().name != "hypercube"; }

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
    std::vector<Case> cases{case_of(benchmark->info(), backends.front(), DataType::fp32, 1024)};
    multiply(cases, "root", roots());
    for (const auto& spec : cases) {
      if (!runs(*benchmark, spec)) continue;
      const auto outcome = launch_and_verify({*benchmark, backends.front(), spec});
      SCOPED_TRACE(label(spec));
      if (!has_native(*benchmark)) continue;
      EXPECT_EQ(outcome.before.wrong > 0, here && outcome.before.checked > 0);
      EXPECT_EQ(outcome.after.wrong > 0, here && outcome.after.checked > 0);
      EXPECT_EQ(outcome.after.first.has_value(), here && outcome.after.checked > 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, ConformanceFault,
                         testing::Values("corrupt", "swap", "partial", "overrun"));

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

TEST(Team, SplitsByColorInKeyOrder) {
  auto& world = session->world();
  const auto part = world.split(world.rank() % 2, -world.rank());
  ASSERT_NE(part, nullptr);
  std::vector<double> highest{static_cast<double>(world.rank())};
  part->max(highest);
  EXPECT_EQ(part->rank() == 0, highest[0] == world.rank());
  EXPECT_EQ(world.split(-1, 0), nullptr);
}

/// What ranks other than 0 print.
class FailuresOnly final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (result.failed())
      std::fprintf(stderr, "rank %d: %s:%d: %s\n", session->world().rank(), result.file_name(),
                   result.line_number(), result.message());
  }
};

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto session = assay::comm::open_session();
  assay::session = session.get();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (session->world().rank() != 0) {
    delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new assay::FailuresOnly);  // owned by the listeners
  }
  const int mine = RUN_ALL_TESTS();
  const bool all_well = assay::comm::all_agree(session->world(), mine == 0);
  if (mine != 0)
    std::fprintf(stderr, "rank %d of %d failed\n", session->world().rank(),
                 session->world().size());
  session->close();
  return all_well ? 0 : 1;
}

// Which buffers which library can be told of, and the sentence where it cannot.
#include <gmock/gmock.h>

#include "benchmarks/catalogue.hpp"
#include "benchmarks/collective_benchmark.hpp"

namespace assay::benchmarks {
namespace {

using testing::HasSubstr;

class BufferKinds : public testing::Test {
 protected:
  BufferKinds() {
    backends_.resize(2);
    backends_[0].name = "mpi";
    backends_[1].name = "nccl";
    backends_[1].no_buffers = {};
  }
  std::string refusal(Dims dims, const Layout& layout = {"world", {{{Group{{{0, 1, 1}}}}}}}) {
    Case spec;
    for (const auto& dim : reduce_->info().dims) spec.dims[std::string(dim.name)] = dim.fallback;
    dims.merge(spec.dims);
    spec.dims = dims;
    return reduce_->supports(spec, {topology_, layout, backends_}).reason;
  }

  std::shared_ptr<const bench::Benchmark> reduce_ = make_collective_benchmark(all_reduce_spec);
  Topology topology_ = stated_topology(4, 4);
  std::vector<comm::Backend> backends_;
};

TEST_F(BufferKinds, MpiIsToldOfNone) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({{"buffers", "registered"}}), "mpi: its buffers are plain");
  EXPECT_EQ(refusal({{"buffers", "symmetric"}}), "mpi: its buffers are plain");
}

TEST_F(BufferKinds, SymmetricOnesAreForTheLibrarysOwnCollectives) {
  const Dims ring{{"backend", "nccl"}, {"algorithm", "ring"}};
  auto with = [](Dims dims, const char* buffers) {
    dims["buffers"] = buffers;
    return dims;
  };
  EXPECT_EQ(refusal(with(ring, "registered")), "");
  EXPECT_THAT(refusal(with(ring, "symmetric")), HasSubstr("use registered ones"));
  const Layout pairs{"pairs", {{{Group{{{0, 1, 1}}}, Group{{{2, 3, 1}}}}}, {{Group{{{0, 2, 2}}}}}}};
  const Dims native{{"backend", "nccl"}};
  EXPECT_EQ(refusal(with(native, "symmetric")), "");
  EXPECT_EQ(refusal(with(native, "registered"), pairs), "");
  EXPECT_THAT(refusal(with(native, "symmetric"), pairs), HasSubstr("pairs share"));
}

// What is done before: making communicators, telling of memory.

class SettingUp : public BufferKinds {
 protected:
  std::string refusal(const bench::Benchmark& benchmark, const Dims& dims,
                      Pacing pacing = Pacing::isolated) {
    Case spec{.protocol = {.pacing = pacing}};
    for (const auto& dim : benchmark.info().dims) spec.dims[std::string(dim.name)] = dim.fallback;
    for (const auto& [dim, value] : dims) spec.dims[dim] = value;
    const Layout world{"world", {{{Group{{{0, 3, 1}}}}}}};
    return benchmark.supports(spec, {topology_, world, backends_}).reason;
  }
};

TEST_F(SettingUp, IsRefusedWhereALibraryHasNoCallForIt) {
  backends_[0].no_making = {"it is initialised once in a process", "", ""};
  const auto communicator = make_communicator(), registration = make_registration();
  EXPECT_EQ(refusal(*communicator, {{"step", "split"}}), "");
  EXPECT_EQ(refusal(*communicator, {{"step", "init"}}), "mpi: it is initialised once in a process");
  EXPECT_THAT(refusal(*communicator, {{"backend", "nccl"}}), HasSubstr("nccl: it makes no"));
  EXPECT_EQ(refusal(*registration, {}), "");
  EXPECT_EQ(refusal(*registration, {{"backend", "mpi"}}), "mpi: its buffers are plain");
}

TEST_F(SettingUp, IsPacedIsolated) {
  backends_[0].no_making = {};
  EXPECT_THAT(refusal(*make_communicator(), {{"step", "split"}}, Pacing::stream),
              HasSubstr("use pacing isolated"));
}

}  // namespace
}  // namespace assay::benchmarks

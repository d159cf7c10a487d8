// NCCL's row of the table on its double: layouts as a run has them, and what becomes of failures.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <gmock/gmock.h>

#include <cstdlib>

#include "benchmarks/catalogue.hpp"
#include "harness/comm/nccl_memory.hpp"
#include "harness/core/error.hpp"
#include "harness/device/cuda_device.hpp"
#include "harness/run/runner.hpp"
#include "harness/schedule/layouts.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/fakes/nccl/fake_nccl.hpp"
#include "tests/mpi/place.hpp"
#include "tests/unit/refusal.hpp"

namespace assay {
namespace {

using test::failure;
using testing::AllOf;
using testing::HasSubstr;
namespace fake = fakes::nccl;

class NcclBackend : public testing::Test {
 protected:
  NcclBackend() { fake::reset(); }
  ~NcclBackend() override {
    world.barrier();
    fake::reset();
  }
  /// On the last rank alone.
  void plan(fake::Trouble trouble) {
    trouble.ranks = {size - 1};
    fake::plan(trouble);
  }

  comm::Team& world = session->world();
  int rank = world.rank(), size = world.size();
  bool struck = rank == size - 1;
  comm::Backend backend = tested_backends().at(0);
};

const comm::CollectiveCall all_reduce{.count = 1000};

// ---- layouts ------------------------------------------------------------------------------------

class NcclRun : public NcclBackend {
 protected:
  /// As a run measures it; complete on rank 0.
  result::CaseResult run(const std::string& benchmark, const std::string& layout,
                         const Dims& dims = {}) {
    const auto catalogue = benchmarks::catalogue();
    const auto host = device::make_host_device(), device = make_device();
    const auto topology = stated_topology(size, size);
    Case spec{.benchmark = benchmark};
    for (const auto& dim : bench::find(catalogue, benchmark)->info().dims)
      spec.dims[std::string(dim.name)] = dim.fallback;
    spec.dims["backend"] = backend.name;
    spec.dims["bytes"] = std::int64_t{4000};
    for (const auto& [dim, value] : dims) spec.dims[dim] = value;
    spec.layout = layout;
    spec.protocol.warm_up = {.iterations = 2, .time_s = 0};
    spec.protocol.pilot = 0;
    spec.protocol.stop = {.kind = StopKind::iterations, .iterations = 3};
    plan::Plan plan;
    plan.layouts[layout] = schedule::make_layout(layout, topology);
    plan.cases = {spec};
    run::Progress progress;
    run::CommonClock clock(world);
    result::CaseResult result;
    run::run_plan(plan,
                  {world,
                   topology,
                   {*host, device.get()},
                   catalogue,
                   std::span(&backend, 1),
                   progress,
                   clock},
                  {.rotation_bytes = 1, .sync = run::Sync::barrier},
                  [&](const result::CaseResult& c) { result = c; });
    return result;
  }

  result::CaseResult expect_right(const std::string& benchmark, const std::string& layout,
                                  const std::string& path, const Dims& dims = {}) {
    const auto result = run(benchmark, layout, dims);
    if (rank != 0) return result;
    SCOPED_TRACE(benchmark + " " + layout);
    EXPECT_EQ(result.reason, "");
    EXPECT_EQ(result.path, path);
    for (const auto& report : {result.verify.before, result.verify.after}) {
      EXPECT_GT(report.checked, 0u);
      EXPECT_EQ(report.wrong, 0u);
    }
    return result;
  }
};

TEST_F(NcclRun, GroupsAreSplitFromAllRanks) {
  expect_right("all_reduce", "world", "native");
  if (size < 4) return;
  for (const auto* layout : {"halves", "split:2"}) {
    expect_right("all_reduce", layout, "native");
    expect_right("all_gather", layout, "native");
    expect_right("all_to_all_v", layout, "grouped send/recv");
  }
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

TEST_F(NcclRun, PairsUseMessagesOfTheWhole) {
  if (size < 3) return;
  fake::plan({.call = "ncclCommSplit", .error = ncclInternalError});  // which none of these needs
  expect_right("ping_pong", "pairs", "composed direct");
  expect_right("unidirectional", "pairs", "composed direct");
  expect_right("all_to_all", "pairs", "grouped send/recv");
  for (const bool in_place : {false, true}) {
    const Dims dims{{"in_place", in_place}, {"root", std::string("rotating")}};
    expect_right("gather", "pairs", "grouped send/recv", dims);
    expect_right("scatter", "pairs", "grouped send/recv", dims);
  }
  expect_right("send_recv", "pairs", "grouped send/recv");
  expect_right("all_reduce", "pairs", "composed ring");
}

TEST_F(NcclRun, BuffersOfEveryKind) {
  for (const auto* kind : {"registered", "symmetric"}) {
    const Dims dims{{"buffers", std::string(kind)}};
    expect_right("all_reduce", "world", "native", dims);
    expect_right("gather", "world", "native", dims);  // of which the root has more
    expect_right("all_to_all_v", "world", "grouped send/recv", dims);
  }
  Dims composed{{"buffers", std::string("registered")}, {"algorithm", std::string("ring")}};
  expect_right("all_reduce", "world", "composed ring", composed);
  composed.erase("algorithm");
  if (size > 2) expect_right("ping_pong", "pairs", "composed direct", composed);
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

using Notes = std::map<std::string, std::string>;

Notes of_nccl(const result::CaseResult& result) {
  Notes notes = result.notes;
  std::erase_if(notes, [](const auto& note) { return !note.first.starts_with("nccl_"); });
  return notes;
}

Notes with_transport(const char* transport) {
  return {{"nccl_algorithm", "RING"},
          {"nccl_protocol", "LL"},
          {"nccl_channels", "4"},
          {"nccl_transport", transport}};
}

TEST_F(NcclRun, WhatNcclChoseIsToldOfALaunchThatNobodyTimes) {
  const int before = fake::profiled();
  const auto result = run("all_reduce", "world");
  EXPECT_EQ(fake::profiled() - before, 1);
  EXPECT_EQ(of_nccl(result), rank == 0 ? with_transport("no network") : Notes{});
  const Dims symmetric{{"buffers", std::string("symmetric")}};
  const Notes least{{"nccl_channels", "4"}, {"nccl_transport", "no network"}};
  EXPECT_EQ(of_nccl(run("all_reduce", "world", symmetric)), rank == 0 ? least : Notes{});
}

TEST_F(NcclRun, WhatSendsToANetworkIsToldWhicheverRankItIs) {
  for (const auto& [network, told] : {std::pair{"sockets", "sockets"},
                                      {"infiniband", "InfiniBand or RoCE"},
                                      {"untold", "network"}}) {
    setenv("ASSAY_FAKE_NCCL_NETWORK", network, 1);
    const auto notes = of_nccl(run("all_gather", "world"));
    EXPECT_EQ(notes, rank == 0 ? with_transport(told) : Notes{});
  }
  unsetenv("ASSAY_FAKE_NCCL_NETWORK");
}

TEST_F(NcclRun, AProfilerOfTheUsersStays) {
  setenv("NCCL_PROFILER_PLUGIN", "libtheirs.so", 1);
  EXPECT_EQ(of_nccl(run("all_reduce", "world")), Notes{});
  EXPECT_STREQ(std::getenv("NCCL_PROFILER_PLUGIN"), "libtheirs.so");
  unsetenv("NCCL_PROFILER_PLUGIN");
}

TEST_F(NcclRun, WhatIsSetUpWorks) {
  const auto* layout = size > 3 ? "halves" : "world";
  for (const auto* step : {"init", "split"})
    EXPECT_FALSE(expect_right("communicator", layout, "native", {{"step", std::string(step)}})
                     .notes.contains("timed_by"))
        << "it is the host that works";
  for (const auto* kind : {"registered", "symmetric"})
    expect_right("registration", layout, "native", {{"buffers", std::string(kind)}});
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

TEST_F(NcclRun, WhatCannotBeSetUpIsTold) {
  plan({.call = "ncclCommSplit", .error = ncclSystemError});
  const auto told = failure([&] {
    run("communicator", "world", {{"step", std::string("split")}});
  });
  EXPECT_THAT(told, HasSubstr("ncclCommSplit failed with"));
}

TEST_F(NcclRun, BuffersThatAreNotRegisteredAreSkippedNotMeasured) {
  for (const auto* benchmark : {"all_reduce", "registration"}) {
    plan({.call = "ncclCommRegister", .corrupt = true});
    const auto result = run(benchmark, "world", {{"buffers", std::string("registered")}});
    if (rank != 0) continue;
    EXPECT_EQ(result.status, result::Status::skipped) << benchmark;
    EXPECT_THAT(result.reason, HasSubstr("NCCL has registered no memory for registered buffers"));
  }
}

TEST(TwoAtOnce, NeedAnNcclThatOrdersThem) {
  using comm::nccl::two_at_once_refusal;
  constexpr const char* variable = "NCCL_LAUNCH_ORDER_IMPLICIT";
  unsetenv(variable);
  EXPECT_THAT(two_at_once_refusal({22809, 22809}), HasSubstr("NCCL_LAUNCH_ORDER_IMPLICIT=1"));
  setenv(variable, "0", 1);
  EXPECT_THAT(two_at_once_refusal({22809, 22809}), HasSubstr("NCCL_LAUNCH_ORDER_IMPLICIT=1"));
  setenv(variable, "1", 1);
  EXPECT_EQ(two_at_once_refusal({22809, 22809}), "");
  EXPECT_THAT(two_at_once_refusal({22809, 22507}), HasSubstr("before NCCL 2.26"));
}

TEST(BuffersRefusal, NamesTheVersionThatIsNeeded) {
  using comm::nccl::buffers_refusal;
  EXPECT_EQ(buffers_refusal(BufferKind::plain, {21800, 21800}), "");
  EXPECT_EQ(buffers_refusal(BufferKind::registered, {21900, 21900}), "");
  EXPECT_EQ(buffers_refusal(BufferKind::registered, {21805, 22809}),
            "registered buffers need NCCL 2.19, and assay was built with 2.18");
  EXPECT_EQ(buffers_refusal(BufferKind::symmetric, {22809, 22605}),
            "symmetric buffers need NCCL 2.27, and 2.26 is loaded");
  EXPECT_EQ(buffers_refusal(BufferKind::symmetric, comm::nccl::versions()), "");
}

TEST_F(NcclRun, WrongDataAreSeen) {
  plan({.call = "ncclAllReduce", .corrupt = true});
  const auto result = run("all_reduce", "world");
  if (rank != 0) return;
  EXPECT_EQ(result.verify.before.wrong, 1u);
  EXPECT_EQ(result.verify.after.wrong, 1u);
  EXPECT_EQ(result.verify.after.first.value().rank, size - 1);
}

TEST_F(NcclRun, WhatGoesOnBesideOtherWorkIsMeasured) {
  if (size == 1) return;
  const Dims beside{{"beside", std::string("all_to_all:bytes=4096")}};
  for (const auto* collective : {"all_reduce", "all_to_all_v"}) {
    const Dims dims{{"collective", std::string(collective)}};
    const bool native = dims.at("collective") == DimValue(std::string("all_reduce"));
    const std::string path = native ? "native nonblocking" : "grouped send/recv nonblocking";
    expect_right("overlap", "world", path, dims);
    expect_right("congestion", "world", path, {{"collective", collective}, *beside.begin()});
  }
  const auto polled = run("overlap", "world", {{"progress", std::string("poll")}});
  EXPECT_THAT(polled.reason, HasSubstr(rank == 0 ? "goes on by itself, and nobody polls" : ""));
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

/// On a communicator of all ranks: what each has is its rank + 1.
class NcclBeside : public NcclBackend {
 protected:
  static constexpr std::size_t bytes = 4 * 1000;
  NcclBeside() { set(send, rank + 1); }
  void set(const device::Buffer& buffer, std::int32_t value) {
    const std::vector<std::int32_t> values(1000, value);
    write(*place.device, std::as_bytes(std::span(values)), buffer.data());
  }
  /// Once the device has done what it was given.
  std::int32_t result() {
    std::vector<std::int32_t> values(1000);
    read(*place.device, recv.data(), std::as_writable_bytes(std::span(values)));
    return values.back();
  }

  Place place{backend};
  device::Buffer send = place.device->allocate(bytes), recv = place.device->allocate(bytes);
  std::unique_ptr<comm::Nonblocking> sum =
      place.communicator->nonblocking({.type = DataType::int32, .count = 1000});
  std::int32_t expected = size * (size + 1) / 2;
};

TEST_F(NcclBeside, TheDevicesWorkGoesOnUntilItIsWaitedFor) {
  fake::plan({.call = "ncclAllReduce", .delay_s = 0.2});
  sum->start(send.data(), recv.data());
  place.device->wait();
  EXPECT_FALSE(sum->test()) << "it goes on, and nothing has waited for it";
  EXPECT_EQ(result(), 0);
  sum->wait();
  place.device->wait();
  EXPECT_TRUE(sum->test());
  EXPECT_EQ(result(), expected);
  sum->check();
}

TEST_F(NcclBeside, BeginsAfterWhatTheDeviceWasGivenBefore) {
  const auto source = place.device->allocate(bytes);
  set(source, rank + 11);
  fakes::cuda::plan({.call = "cudaMemcpyAsync", .delay_s = 0.02});
  place.device->copy(send.data(), source.data(), bytes);
  sum->start(send.data(), recv.data());
  sum->wait();
  EXPECT_EQ(result(), expected + 10 * size);
}

TEST_F(NcclBeside, IsRecordedWithTheDevicesWork) {
  auto& stopwatch = *place.device->stopwatch();
  stopwatch.begin_recording();
  sum->start(send.data(), recv.data());
  sum->wait();
  stopwatch.end_recording(0);
  EXPECT_EQ(result(), 0);
  stopwatch.replay(0);
  EXPECT_EQ(result(), expected);
  stopwatch.forget_recordings();
}

TEST_F(NcclBeside, TellsOfFailures) {
  plan({.call = "ncclAllReduce", .error = ncclSystemError});
  if (!struck) return;
  sum->start(send.data(), recv.data());
  EXPECT_THROW(sum->check(), RunError);
}

// ---- failures -----------------------------------------------------------------------------------

TEST_F(NcclBackend, AFailedCallNamesRankGpuAndRemedy) {
  Place place(backend);
  plan({.call = "ncclAllReduce", .error = ncclSystemError});
  if (!struck) return;
  const auto buffer = place.device->allocate(4000);
  const auto launch = place.communicator->native(all_reduce);
  (*launch)(nullptr, buffer.data());
  EXPECT_THAT(failure([&] { launch->check(); }),
              AllOf(HasSubstr("rank " + std::to_string(rank) + ", GPU " + std::to_string(rank) +
                              " (NVIDIA Double, "),
                    HasSubstr("ncclAllReduce failed with \"unhandled system error"),
                    HasSubstr("(ncclSystemError, "),
                    HasSubstr(": planned for ncclAllReduce; look at "
                              "the network of this rank's host")));
}

TEST_F(NcclBackend, WhatFailsLaterIsToldOnAllRanks) {
  Place place(backend);
  plan({.call = "ncclAllReduce", .async = ncclInternalError});
  const auto buffer = place.device->allocate(4000);
  const auto launch = place.communicator->native(all_reduce);
  (*launch)(nullptr, buffer.data());
  place.device->wait();
  EXPECT_THAT(failure([&] { launch->check(); }),
              HasSubstr(struck ? "(ncclInternalError, " : "(ncclRemoteError, "));
  EXPECT_THAT(failure([&] { place.communicator->transfers({})->check(); }), HasSubstr("(nccl"));
}

TEST_F(NcclBackend, AFailedGroupIsTold) {
  Place place(backend);
  plan({.call = "ncclSend", .error = ncclInvalidArgument});
  if (!struck) return;
  const auto buffer = place.device->allocate(8);
  const auto launch = place.communicator->native({.collective = Collective::send_recv, .count = 1});
  (*launch)(buffer.data(), buffer.data() + 4);
  EXPECT_THAT(failure([&] { launch->check(); }), HasSubstr("ncclSend failed with"));
  const auto transfers = place.communicator->transfers({{comm::Transfer::Way::send, 0, 4}});
  transfers->carry_out(0, buffer.data());
  EXPECT_THAT(failure([&] { transfers->check(); }), HasSubstr("ncclSend failed with"));
}

TEST_F(NcclBackend, ACrashedGpuIsTold) {
  Place place(backend);
  const auto buffer = place.device->allocate(4000);
  const auto launch = place.communicator->native(all_reduce);
  if (!struck) return;
  fakes::cuda::plan({.call = "fill", .late = cudaErrorIllegalAddress});
  EXPECT_NE(
      failure([&] {
        place.device->fill(buffer.data(), kernels::movement(DataType::fp32, 0, 1), {1, 0, 10});
      }),
      "");
  EXPECT_THAT(failure([&] { launch->check(); }), HasSubstr("cudaErrorIllegalAddress"));
  fakes::cuda::reset();
}

TEST_F(NcclBackend, TwoRanksOnOneGpuAreNamed) {
  if (size == 1) return;
  device::cuda::CudaDevice shared(device::cuda::visible_gpus(rank).gpus.at(0));
  EXPECT_THAT(failure([&] { backend.connect(world, shared); }),
              AllOf(HasSubstr("ncclCommInitRankConfig failed with"),
                    HasSubstr("Duplicate GPU detected : rank 0 and rank 1"),
                    HasSubstr("give each rank a GPU of its own")));
}

TEST_F(NcclBackend, ConnectingFailsOnAllRanks) {
  const auto device = make_device();
  fake::plan({.call = "ncclGetUniqueId", .error = ncclSystemError});
  EXPECT_THAT(failure([&] { backend.connect(world, *device); }),
              HasSubstr("ncclGetUniqueId failed with"));
}

TEST_F(NcclBackend, SplittingFailsOnAllRanks) {
  Place place(backend);
  plan({.call = "ncclCommSplit", .error = ncclSystemError});
  EXPECT_THAT(failure([&] { comm::communicator_of_all(*place.connection, *place.team); }),
              HasSubstr("ncclCommSplit failed with"));
}

TEST_F(NcclBackend, NothingIsLeftBehind) {
  {
    Place place(backend);
    const auto second = comm::communicator_of_all(*place.connection, *place.team);
    EXPECT_EQ(fake::leaks(), (fake::Leaks{.communicators = 2}));
  }
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

TEST_F(NcclBackend, WithoutAGpuSaysSo) {
  fakes::cuda::show_gpus(0);
  const auto rows = comm::backends();
  const auto nccl =
      std::find_if(rows.begin(), rows.end(), [](auto& r) { return r.name == "nccl"; });
  EXPECT_EQ(nccl->missing, "no GPU here: no CUDA-capable device is detected");
  EXPECT_THAT(nccl->library, testing::StartsWith("NCCL 2."));
  fakes::cuda::reset();
}

}  // namespace
}  // namespace assay

// What CudaDevice makes of a GPU that fails, on the double of the CUDA runtime.
#include "harness/device/cuda_device.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <chrono>

#include "harness/core/error.hpp"
#include "harness/device/gpu_choice.hpp"
#include "tests/fakes/cuda/fake_cuda.hpp"
#include "tests/unit/refusal.hpp"

namespace assay::device::cuda {
namespace {

using test::failure;
using testing::AllOf;
using testing::HasSubstr;
namespace fake = fakes::cuda;

class CudaDeviceTest : public testing::Test {
 protected:
  void SetUp() override { fake::reset(); }
  void TearDown() override { fake::reset(); }

  static CudaDevice device(int index = 0) {
    return CudaDevice(visible_gpus(7).gpus.at(static_cast<std::size_t>(index)));
  }
};

const auto pattern = kernels::movement(DataType::fp32, 1, 1);
constexpr kernels::Slice slice{.seed = 5, .first_index = 0, .count = 1000};

TEST_F(CudaDeviceTest, SaysHowMuchMemoryIsLeft) {
  fake::give_memory(10000);
  auto gpu = device(1);
  EXPECT_EQ(failure([&] { gpu.allocate(1 << 20); }),
            "rank 7, GPU 1 (NVIDIA Double, 0000:1C:00.0): cannot allocate 1048576 bytes: 9984 of "
            "10000 are free; use smaller messages, or see with nvidia-smi who else has memory of "
            "this GPU");
  const Buffer small = gpu.allocate(5000);
  EXPECT_EQ(failure([&] { gpu.fill(small.data(), pattern, slice); }), "") << "a refusal is no harm";
}

TEST_F(CudaDeviceTest, NamesCallGpuAndRank) {
  auto gpu = device(1);
  const Buffer buffer = gpu.allocate(5000);
  fake::plan({.call = "cudaMalloc", .error = cudaErrorIllegalAddress});
  EXPECT_THAT(failure([&] { gpu.allocate(1); }),
              AllOf(HasSubstr("rank 7, GPU 1 (NVIDIA Double, 0000:1C:00.0): cudaMalloc, or work "
                              "before it, failed with \"an illegal memory access was encountered\" "
                              "(cudaErrorIllegalAddress, "),
                    HasSubstr("cuda_device.cpp:"), HasSubstr("Xid")));
}

TEST_F(CudaDeviceTest, TellsAFailedCopyWhereNothingMayThrow) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(5000);
  fake::plan({.call = "cudaMemcpyAsync", .error = cudaErrorInvalidValue});
  gpu.copy(buffer.data(), buffer.data() + 1000, 1000);
  EXPECT_THAT(failure([&] { gpu.check(); }),
              HasSubstr("cudaMemcpyAsync, or work before it, failed with"));
}

TEST_F(CudaDeviceTest, TellsTheFirstFailureNotTheLatest) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(5000);
  fake::plan({.call = "divide", .error = cudaErrorIllegalAddress});
  fake::plan({.call = "cudaMemcpyAsync", .error = cudaErrorInvalidValue});
  gpu.divide(buffer.data(), 10, DataType::fp32, 2);
  gpu.copy(buffer.data(), buffer.data() + 1000, 1000);
  EXPECT_THAT(failure([&] { gpu.check(); }), HasSubstr("cudaErrorIllegalAddress"));
  EXPECT_THAT(failure([&] { gpu.fill(buffer.data(), pattern, slice); }),
              HasSubstr("divide, or work before it"))
      << "and goes on telling it";
}

TEST_F(CudaDeviceTest, TellsACrashedKernelOnceWaitedFor) {
  auto gpu = device();
  const Buffer acc = gpu.allocate(4000), in = gpu.allocate(4000);
  EXPECT_EQ(failure([&] { gpu.check(); }), "");
  fake::plan({.call = "reduce", .late = cudaErrorIllegalAddress});
  gpu.reduce(acc.data(), in.data(), 1000, {DataType::fp32, ReduceOp::sum});
  EXPECT_EQ(failure([&] { gpu.check(); }), "") << "nobody has waited";
  gpu.wait();
  EXPECT_THAT(failure([&] { gpu.check(); }),
              AllOf(HasSubstr("cudaStreamSynchronize, or work before it"),
                    HasSubstr("cudaErrorIllegalAddress")));
}

TEST_F(CudaDeviceTest, TellsACrashedKernelToWhoWaits) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(4000);
  fake::plan({.call = "verify", .late = cudaErrorIllegalAddress});
  EXPECT_THAT(failure([&] { gpu.verify(buffer.data(), pattern, slice); }),
              HasSubstr("cudaErrorIllegalAddress"));
}

TEST_F(CudaDeviceTest, SeesWhatTheMemoryCorrupts) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(4000);
  fake::plan({.call = "fill", .corrupt = true});
  gpu.fill(buffer.data(), pattern, slice);
  const auto found = gpu.verify(buffer.data(), pattern, slice);
  EXPECT_EQ(found.wrong, 1u);
  EXPECT_EQ(found.first, 500u);
}

TEST_F(CudaDeviceTest, WaitsForWhatIsSlow) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(4000);
  fake::plan({.call = "fill", .delay_s = 0.05});
  const auto begin = std::chrono::steady_clock::now();
  gpu.fill(buffer.data(), pattern, slice);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
}

TEST_F(CudaDeviceTest, RefusesToReachBeyondAnAllocation) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(3999);
  EXPECT_THAT(failure([&] { gpu.fill(buffer.data(), pattern, slice); }),
              HasSubstr("cudaErrorIllegalAddress"));
}

using CudaDeviceDeathTest = CudaDeviceTest;

TEST_F(CudaDeviceDeathTest, MemoryOfTheGpuIsOutOfTheHostsReach) {
  auto gpu = device();
  const Buffer buffer = gpu.allocate(4000);
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a stream has a thread
  EXPECT_DEATH(static_cast<void>(*static_cast<volatile std::byte*>(buffer.data())), "");
}

TEST_F(CudaDeviceTest, LeavesNothingBehind) {
  {
    auto gpu = device();
    const Buffer buffer = gpu.allocate(4000);
    const Stream stream = make_stream(gpu.gpu());
    Event event = make_event(gpu.gpu());
    const Event moved = std::move(event);
    begin_capture(gpu.gpu(), stream.get());
    const GraphExec graph = end_capture(gpu.gpu(), stream.get());
    EXPECT_NE(fake::leaks(), fake::Leaks{});
    EXPECT_EQ(fake::leaks().graphs, 1u) << "the recording is gone, its executable is not";
    fake::plan({.call = "cudaMemsetAsync", .error = cudaErrorInvalidValue});
    EXPECT_NE(failure([&] { gpu.allocate(1); }), "");
  }
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

TEST_F(CudaDeviceTest, FoldsAndWritesWhatTheHostWould) {
  auto gpu = device();
  for (const std::size_t count : {0u, 1u, 2u, 7u, 1000u, 1001u}) {
    const Buffer data = gpu.allocate(8 * count), bits = gpu.allocate(8);
    const auto words = kernels::movement(DataType::uint64, 1, 1);
    const kernels::Slice all{.seed = 5, .first_index = 0, .count = count};
    gpu.fill(data.data(), words, all);
    gpu.fold(bits.data(), data.data(), count);
    std::vector<std::uint64_t> same(count);
    kernels::fill(same.data(), words, all);
    std::uint64_t expected = 0;
    for (const auto word : same) expected ^= word;
    EXPECT_EQ(gpu.read_element(bits.data(), 8), expected) << count;
    std::uint64_t of_host = 0;
    kernels::fold(&of_host, same.data(), count);
    EXPECT_EQ(of_host, expected) << count;

    gpu.write(reinterpret_cast<double*>(data.data()), 2.5, count);
    kernels::Pattern written;
    written.type = DataType::fp64;
    written.entries.fill(std::bit_cast<std::uint64_t>(2.5));
    EXPECT_EQ(gpu.verify(data.data(), written, all).wrong, 0u) << count;
  }
}

/// Data on their way into a GPU, and others out of it.
struct BothWays {
  explicit BothWays(CudaDevice& gpu) : link(*gpu.host_link()) {
    for (auto* buffer : {&in, &out}) *buffer = gpu.allocate(bytes);
    for (auto* buffer : {&from, &to}) *buffer = link.allocate(bytes);
    gpu.fill(out.data(), pattern, slice);
    kernels::fill(from.data(), pattern, slice);
  }
  void go() const { link.both_ways({in.data(), from.data()}, {out.data(), to.data()}, bytes); }

  static constexpr std::size_t bytes = 4000;
  HostLink& link;
  Buffer in, out;   ///< of the GPU
  Buffer from, to;  ///< of the host
};

TEST_F(CudaDeviceTest, BothWaysAreDoneWhenBothAre) {
  auto gpu = device();
  const BothWays both(gpu);
  fake::plan({.call = "cudaMemcpyAsync", .after = 1, .delay_s = 0.05});
  both.go();
  gpu.wait();
  both.link.check();
  EXPECT_EQ(kernels::verify(both.to.data(), pattern, slice).wrong, 0u)
      << "the second was the slow one";
  EXPECT_EQ(gpu.verify(both.in.data(), pattern, slice).wrong, 0u);
}

TEST_F(CudaDeviceTest, BothWaysCanBeRecorded) {
  auto gpu = device();
  const BothWays both(gpu);
  gpu.stopwatch()->begin_recording();
  both.go();
  gpu.stopwatch()->end_recording(0);
  gpu.wait();
  EXPECT_GT(kernels::verify(both.to.data(), pattern, slice).wrong, 0u) << "nothing was done yet";
  gpu.stopwatch()->replay(0);
  gpu.wait();
  EXPECT_EQ(kernels::verify(both.to.data(), pattern, slice).wrong, 0u);
  EXPECT_EQ(gpu.verify(both.in.data(), pattern, slice).wrong, 0u);
  gpu.stopwatch()->forget_recordings();
}

TEST_F(CudaDeviceTest, SaysWhichGpuItDoesNotReach) {
  auto gpu = device(0), other = device(1);
  const Buffer memory = other.allocate(4000);
  const auto ticket = other.peer_link()->share(memory);
  const auto open = [&] { return failure([&] { gpu.peer_link()->open(ticket, 4000); }); };
  EXPECT_THAT(open(), AllOf(HasSubstr("rank 7, GPU 0 (NVIDIA Double, 0000:1B:00.0): cannot open "
                                      "memory of the GPU at 0000:1C:00.0: "),
                            HasSubstr("cudaErrorInvalidValue")))
      << "it is this process's own";
  fake::plan({.call = "cudaDeviceCanAccessPeer", .corrupt = true});
  EXPECT_THAT(open(),
              HasSubstr("has no peer access to the GPU at 0000:1C:00.0; see with nvidia-smi"));
  EXPECT_EQ(failure([&] { gpu.fill(gpu.allocate(4000).data(), pattern, slice); }), "")
      << "a refusal is no harm";
}

TEST_F(CudaDeviceTest, AsksAboutNoGpuThatItDoesNotSee) {
  auto gpu = device(0);
  const Buffer memory = gpu.allocate(4000);
  auto ticket = gpu.peer_link()->share(memory);
  std::string_view("0000:77:00.0").copy(ticket.bus_id.data(), 12);
  fake::plan({.call = "cudaDeviceCanAccessPeer", .error = cudaErrorInvalidDevice});
  EXPECT_THAT(failure([&] { gpu.peer_link()->open(ticket, 4000); }),
              HasSubstr("cannot open memory of the GPU at 0000:77:00.0"));
}

TEST_F(CudaDeviceTest, SaysThatItsMemoryCannotBeShared) {
  auto gpu = device();
  const Buffer memory = gpu.allocate(4000);
  fake::plan({.call = "cudaIpcGetMemHandle", .error = cudaErrorNotSupported});
  EXPECT_THROW(gpu.peer_link()->share(memory), UnsupportedError);
  EXPECT_EQ(failure([&] { gpu.fill(memory.data(), pattern, slice); }), "") << "and no harm";
}

TEST_F(CudaDeviceTest, SaysWhyThereIsNoGpu) {
  fake::show_gpus(0);
  EXPECT_THAT(visible_gpus(0).gpus, testing::IsEmpty());
  EXPECT_EQ(visible_gpus(0).none_because, "no CUDA-capable device is detected");
}

TEST_F(CudaDeviceTest, GivesEachRankAGpuOfItsOwn) {
  fake::show_gpus(4);
  std::vector<RankGpus> ranks(4);
  for (int rank = 0; rank < 4; ++rank) {
    ranks[static_cast<std::size_t>(rank)].rank = rank;
    for (const auto& gpu : visible_gpus(rank).gpus)
      ranks[static_cast<std::size_t>(rank)].uuids.push_back(gpu.uuid);
  }
  EXPECT_THAT(choose_gpus("n1", ranks, GpuSharing::refused), testing::ElementsAre(0, 1, 2, 3));
  ranks.push_back(ranks.back());
  EXPECT_THROW(choose_gpus("n1", ranks, GpuSharing::refused), UsageError);
}

TEST_F(CudaDeviceTest, TakesTroubleFromTheEnvironment) {
  setenv("ASSAY_FAKE_CUDA", "cudaMalloc:error=2:after=2,fill:delay=0.001:corrupt", 1);
  setenv("ASSAY_FAKE_GPUS", "8", 1);
  fake::reset();
  EXPECT_EQ(visible_gpus(0).gpus.size(), 8u);
  auto gpu = device();  // takes the first allocation
  const Buffer buffer = gpu.allocate(4000);
  gpu.fill(buffer.data(), pattern, slice);
  EXPECT_EQ(gpu.verify(buffer.data(), pattern, slice).wrong, 1u);
  EXPECT_THAT(failure([&] { gpu.allocate(1); }), HasSubstr("cannot allocate"));
  unsetenv("ASSAY_FAKE_CUDA");
  unsetenv("ASSAY_FAKE_GPUS");
}

}  // namespace
}  // namespace assay::device::cuda

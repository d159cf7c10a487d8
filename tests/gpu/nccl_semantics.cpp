// What assay relies on of NCCL, on as many ranks as mpirun started: seen on its double everywhere.
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <gmock/gmock.h>
#include <nccl.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "harness/device/cuda_device.hpp"
#include "tests/fakes/nccl/fake_nccl.hpp"
#include "tests/mpi/session.hpp"

namespace assay {
namespace {

using testing::Each;
using testing::HasSubstr;
namespace fake = fakes::nccl;

constexpr std::size_t count = 50'000;  // more than the double's shared memory holds at once

class Nccl : public testing::Test {
 protected:
  Nccl() { fake::reset(); }
  ~Nccl() override {
    world.barrier();
    fake::reset();
  }

  ncclComm_t open(ncclResult_t expected = ncclSuccess) {
    ncclUniqueId id{};
    if (rank == 0) {
      EXPECT_EQ(ncclGetUniqueId(&id), ncclSuccess);
    }
    id = comm::broadcast_value(world, id);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    ncclComm_t comm = nullptr;
    EXPECT_EQ(ncclCommInitRankConfig(&comm, size, id, rank, &config), expected);
    return comm;
  }
  device::Buffer numbers(std::vector<std::int32_t> values) {
    auto buffer = gpu.allocate(values.size() * sizeof(std::int32_t));
    copy(buffer.data(), values.data(), buffer.size());
    return buffer;
  }
  device::Buffer all(std::int32_t value) {
    return numbers(std::vector<std::int32_t>(count, value));
  }
  std::vector<std::int32_t> read(const device::Buffer& buffer) {
    std::vector<std::int32_t> values(buffer.size() / sizeof(std::int32_t));
    copy(values.data(), buffer.data(), buffer.size());
    return values;
  }
  void copy(void* to, const void* from, std::size_t bytes) {
    EXPECT_EQ(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), cudaSuccess);
    gpu.wait();
  }
  ncclResult_t add_up(ncclComm_t comm, const device::Buffer& in, const device::Buffer& out) {
    return ncclAllReduce(in.data(), out.data(), count, ncclInt32, ncclSum, comm, stream);
  }

  comm::Team& world = session->world();
  int rank = world.rank(), size = world.size();
  device::cuda::CudaDevice gpu{
      device::cuda::visible_gpus(rank).gpus.at(static_cast<std::size_t>(rank))};
  cudaStream_t stream = gpu.queue().stream;
};

TEST_F(Nccl, AddsUp) {
  const auto comm = open();
  int counted = 0, me = -1;
  EXPECT_EQ(ncclCommCount(comm, &counted), ncclSuccess);
  EXPECT_EQ(ncclCommUserRank(comm, &me), ncclSuccess);
  EXPECT_EQ(counted, size);
  EXPECT_EQ(me, rank);
  const auto in = all(rank + 1), out = all(-1);
  EXPECT_EQ(add_up(comm, in, out), ncclSuccess);
  EXPECT_THAT(read(out), Each(size * (size + 1) / 2));
  EXPECT_EQ(fake::leaks(), (fake::Leaks{.communicators = 1}));
  ncclCommDestroy(comm);
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

/// Everybody sends all before it receives anything.
TEST_F(Nccl, MessagesOfAGroupProgressTogether) {
  const auto comm = open();
  const auto out = all(rank);
  std::vector<device::Buffer> in;
  EXPECT_EQ(ncclGroupStart(), ncclSuccess);
  for (int peer = 0; peer < size; ++peer)
    EXPECT_EQ(ncclSend(out.data(), count, ncclInt32, peer, comm, stream), ncclSuccess);
  for (int peer = 0; peer < size; ++peer) {
    in.push_back(all(-1));
    EXPECT_EQ(ncclRecv(in.back().data(), count, ncclInt32, peer, comm, stream), ncclSuccess);
  }
  EXPECT_THAT(read(in.front()), Each(-1)) << "nothing begins before the group ends";
  EXPECT_EQ(ncclGroupEnd(), ncclSuccess);
  for (int peer = 0; peer < size; ++peer)
    EXPECT_THAT(read(in[static_cast<std::size_t>(peer)]), Each(peer));
  ncclCommDestroy(comm);
}

TEST_F(Nccl, SplitsByColorInTheOrderOfKeys) {
  const auto parent = open();
  const int color = rank == 0 && size > 1 ? NCCL_SPLIT_NOCOLOR : rank % 2;
  ncclComm_t part = nullptr;
  EXPECT_EQ(ncclCommSplit(parent, color, -rank, &part, nullptr), ncclSuccess);
  EXPECT_EQ(part == nullptr, color == NCCL_SPLIT_NOCOLOR);
  if (part != nullptr) {
    int me = -1, sum = 0, above = 0;
    for (int other = size > 1 ? 1 : 0; other < size; ++other)
      if (other % 2 == color) sum += other, above += other > rank;
    EXPECT_EQ(ncclCommUserRank(part, &me), ncclSuccess);
    EXPECT_EQ(me, above);
    const auto in = all(rank), out = all(-1);
    EXPECT_EQ(add_up(part, in, out), ncclSuccess);
    EXPECT_THAT(read(out), Each(sum));
  }
  ncclCommDestroy(part);
  ncclCommDestroy(parent);
}

TEST_F(Nccl, RefusesTwoRanksOnOneGpu) {
  if (size == 1) return;
  const int shared = 0;
  cudaSetDevice(shared);
  EXPECT_EQ(open(ncclInvalidUsage), nullptr);
  EXPECT_THAT(ncclGetLastError(nullptr),
              HasSubstr("Duplicate GPU detected : rank 0 and rank 1 both on CUDA device"));
  setenv("NCCL_HOSTID", std::to_string(rank).c_str(), 1);
  const auto comm = open();
  unsetenv("NCCL_HOSTID");
  EXPECT_NE(comm, nullptr);
  ncclCommDestroy(comm);
}

TEST_F(Nccl, RefusesMemoryOfTheHostAndTooLittleOfTheGpus) {
  const auto comm = open();
  std::vector<std::int32_t> host(count);
  const auto in = all(1), small = numbers({1, 2, 3});
  const auto into = [&](void* to) {
    return ncclAllReduce(in.data(), to, count, ncclInt32, ncclSum, comm, stream);
  };
  EXPECT_EQ(into(host.data()), ncclInvalidArgument);
  EXPECT_EQ(into(small.data()), ncclInvalidArgument);
  EXPECT_EQ(ncclBroadcast(in.data(), in.data(), count, ncclInt32, size, comm, stream),
            ncclInvalidArgument);
  ncclGroupStart();
  EXPECT_EQ(ncclSend(host.data(), count, ncclInt32, 0, comm, stream), ncclInvalidArgument);
  EXPECT_EQ(ncclGroupEnd(), ncclInvalidArgument) << "the group as a whole";
  EXPECT_EQ(ncclSend(in.data(), count, ncclInt32, rank, comm, stream), ncclInvalidUsage);
  ncclCommDestroy(comm);
}

TEST_F(Nccl, IsReplayedByAGraph) {
  const auto comm = open();
  const auto data = all(1);
  const auto own = device::cuda::make_stream(gpu.gpu());
  device::cuda::begin_capture(gpu.gpu(), own.get());
  ncclAllReduce(data.data(), data.data(), count, ncclInt32, ncclSum, comm, own.get());
  const auto graph = device::cuda::end_capture(gpu.gpu(), own.get());
  EXPECT_THAT(read(data), Each(1)) << "recorded, not run";
  for (int replay = 0; replay < 2; ++replay) cudaGraphLaunch(graph.get(), own.get());
  cudaStreamSynchronize(own.get());
  EXPECT_THAT(read(data), Each(size * size));
  ncclCommDestroy(comm);
}

/// On the last rank alone.
class NcclTrouble : public Nccl {
 protected:
  void plan(fake::Trouble trouble) {
    trouble.call = "ncclAllReduce";
    trouble.ranks = {size - 1};
    fake::plan(trouble);
  }
  static ncclResult_t state_of(ncclComm_t comm) {
    ncclResult_t code = ncclSuccess;
    ncclCommGetAsyncError(comm, &code);
    return code;
  }
  bool struck = rank == size - 1;
};

TEST_F(NcclTrouble, Corrupts) {
  const auto comm = open();
  plan({.after = 1, .corrupt = true});
  const auto in = all(1), out = all(-1);
  add_up(comm, in, out);
  EXPECT_THAT(read(out), Each(size)) << "goes well once";
  add_up(comm, in, out);
  auto sums = read(out);
  EXPECT_EQ(std::count(sums.begin(), sums.end(), size), static_cast<int>(count) - struck);
  ncclCommDestroy(comm);
}

TEST_F(NcclTrouble, FailsAtOnce) {
  const auto comm = open();
  plan({.error = ncclSystemError});
  if (struck) {
    const auto in = all(1);
    EXPECT_EQ(add_up(comm, in, in), ncclSystemError);
    EXPECT_THAT(ncclGetLastError(comm), HasSubstr("ncclAllReduce"));
  }
  ncclCommDestroy(comm);
}

TEST_F(NcclTrouble, FailsLaterAndTheOthersLearn) {
  const auto comm = open();
  plan({.async = ncclInternalError});
  const auto in = all(1), out = all(-1);
  EXPECT_EQ(add_up(comm, in, out), ncclSuccess);
  gpu.wait();
  EXPECT_EQ(state_of(comm), struck ? ncclInternalError : ncclRemoteError);
  EXPECT_THAT(read(out), Each(-1));
  EXPECT_NE(add_up(comm, in, out), ncclSuccess);
  ncclCommAbort(comm);
  EXPECT_EQ(fake::leaks(), fake::Leaks{});
}

/// A rank that hangs holds all up until somebody aborts.
TEST_F(NcclTrouble, HangsUntilAborted) {
  const auto comm = open();
  plan({.hang = true});
  const auto in = all(1), out = all(-1);
  bool aborted = false;
  std::jthread other([&] {
    if (!struck) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    aborted = true;
    ncclCommAbort(comm);
  });
  add_up(comm, in, out);
  gpu.wait();
  if (struck) {
    other.join();
    EXPECT_TRUE(aborted);
  } else {
    EXPECT_EQ(state_of(comm), ncclRemoteError);
    ncclCommAbort(comm);
  }
  EXPECT_THAT(read(out), Each(-1));
}

TEST_F(Nccl, TakesTroubleFromTheEnvironment) {
  setenv("ASSAY_FAKE_NCCL", "ncclCommSplit:ranks=0+1:error=2,ncclSend:delay=0.001", 1);
  fake::reset();
  unsetenv("ASSAY_FAKE_NCCL");
  const auto comm = open();
  ncclComm_t part = nullptr;
  const auto code = ncclCommSplit(comm, 0, rank, &part, nullptr);
  EXPECT_EQ(code, rank < 2 ? ncclSystemError : ncclRemoteError);
  ncclCommAbort(comm);
}

}  // namespace
}  // namespace assay

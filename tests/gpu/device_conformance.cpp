// A GPU does what the host does, bit for bit. Linked with CUDA these are the tests of the label
// gpu, and with the double of CUDA, unit tests: of everything but the hardware.
#include <gmock/gmock.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "harness/device/cuda_device.hpp"
#include "kernels/element.hpp"

namespace assay::device {
namespace {

using cuda::CudaDevice;

constexpr std::array all_ops{ReduceOp::sum, ReduceOp::prod, ReduceOp::min, ReduceOp::max,
                             ReduceOp::avg};

class OnGpu : public testing::Test {
 protected:
  /// Copies between the host's and the GPU's memory; a test may, a Device need not.
  std::vector<std::byte> read(const std::byte* data, std::size_t bytes) {
    std::vector<std::byte> copied(bytes);
    move(copied.data(), data, bytes, cudaMemcpyDeviceToHost);
    return copied;
  }
  void write(std::byte* data, const std::vector<std::byte>& bytes) {
    move(data, bytes.data(), bytes.size(), cudaMemcpyHostToDevice);
  }

  CudaDevice gpu{cuda::visible_gpus(0).gpus.at(0)};
  std::unique_ptr<Device> host = make_host_device();

 private:
  void move(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    const auto stream = gpu.queue().stream;
    cuda::check(gpu.gpu(), cudaMemcpyAsync(to, from, bytes, kind, stream), "cudaMemcpyAsync");
    cuda::check(gpu.gpu(), cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  }
};

class EveryTypeOnGpu : public OnGpu, public testing::WithParamInterface<DataTypeInfo> {};

TEST_P(EveryTypeOnGpu, FillsTheHostsBytesAndNothingBeyond) {
  const auto& row = GetParam();
  constexpr std::size_t room = 100003;
  const auto pattern = kernels::movement(row.type, 3, 17);
  const Buffer mine = gpu.allocate(room * row.bytes), theirs = host->allocate(room * row.bytes);
  for (const std::uint64_t first : {0ull, 1ull, 13ull, (1ull << 40) - 3})
    for (const std::size_t count : {0u, 1u, 17u, 1000u, 100000u})
      for (const std::size_t shift : {0u, 1u, 3u}) {
        gpu.poison(mine.data(), room * row.bytes);
        host->poison(theirs.data(), room * row.bytes);
        const kernels::Slice slice{.seed = 5, .first_index = first, .count = count};
        gpu.fill(mine.data() + shift * row.bytes, pattern, slice);
        host->fill(theirs.data() + shift * row.bytes, pattern, slice);
        const auto got = read(mine.data(), room * row.bytes);
        ASSERT_EQ(std::memcmp(got.data(), theirs.data(), got.size()), 0)
            << count << " at " << shift;
        ASSERT_EQ(gpu.verify(mine.data() + shift * row.bytes, pattern, slice).wrong, 0u);
      }
}

TEST_P(EveryTypeOnGpu, CountsWhatIsWrongAndNamesTheFirst) {
  const auto& row = GetParam();
  constexpr std::size_t count = 300000;
  const auto pattern = kernels::reduction(row.type, ReduceOp::sum, 8, 1);
  const kernels::Slice slice{.seed = 5, .first_index = 3, .count = count};
  const Buffer buffer = gpu.allocate(count * row.bytes);
  gpu.fill(buffer.data(), pattern, slice);
  std::uint64_t wrong = 0;
  for (const std::size_t i : {299999u, 123457u, 200000u, 123456u, 7u}) {
    auto element = read(buffer.data() + i * row.bytes, row.bytes);
    element.back() ^= std::byte{1};
    write(buffer.data() + i * row.bytes, element);
    const auto found = gpu.verify(buffer.data(), pattern, slice);
    ++wrong;
    EXPECT_EQ(found.wrong, wrong);
    EXPECT_EQ(found.first, wrong == 1 ? 299999u : wrong < 4 ? 123457u : wrong == 4 ? 123456u : 7u);
  }
  std::uint64_t word = 0;
  std::memcpy(&word, read(buffer.data(), row.bytes).data(), row.bytes);
  EXPECT_EQ(gpu.read_element(buffer.data(), row.bytes), word);
}

TEST_P(EveryTypeOnGpu, ReducesAndDividesToTheHostsBits) {
  const auto& row = GetParam();
  constexpr int ranks = 5;
  for (const ReduceOp op : all_ops)
    for (const std::size_t count : {0u, 1u, 1000u, 70001u}) {
      const kernels::Slice slice{.seed = 5, .first_index = 11, .count = count};
      const std::size_t bytes = count * row.bytes;
      const Buffer acc = gpu.allocate(bytes + row.bytes), in = gpu.allocate(bytes + row.bytes);
      std::byte* result = acc.data() + row.bytes;  // aligned like nothing but its element
      gpu.fill(result, kernels::contribution(row.type, op, ranks, 0, 1), slice);
      for (int rank = 1; rank < ranks; ++rank) {
        std::byte* more = in.data() + (rank % 2 == 0 ? 0 : row.bytes);
        gpu.fill(more, kernels::contribution(row.type, op, ranks, rank, 1), slice);
        gpu.reduce(result, more, count, {row.type, op});
      }
      if (op == ReduceOp::avg) gpu.divide(result, count, row.type, ranks);
      gpu.wait();
      gpu.check();
      EXPECT_EQ(gpu.verify(result, kernels::reduction(row.type, op, ranks, 1), slice).wrong, 0u)
          << name(op) << ' ' << count;
    }
}

/// Equal bits, or both a NaN: which NaN is nobody's promise.
bool alike(DataType type, const std::byte* a, const std::byte* b) {
  return kernels::with_format<kernels::Half>(type, [&](auto format) {
    typename decltype(format)::Stored x{}, y{};
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    const auto is_nan = [&](auto stored) { return format.widen(stored) != format.widen(stored); };
    return x == y || (is_nan(x) && is_nan(y));
  });
}

/// NaNs, infinities, subnormals.
TEST_P(EveryTypeOnGpu, ReducesAnyBitsAsTheHostDoes) {
  const auto& row = GetParam();
  constexpr std::size_t count = 50000;
  std::mt19937_64 random(3);
  std::vector<std::byte> a(count * row.bytes), b(count * row.bytes);
  for (auto& byte : a) byte = static_cast<std::byte>(random());
  for (auto& byte : b) byte = static_cast<std::byte>(random());
  const Buffer acc = gpu.allocate(a.size()), in = gpu.allocate(b.size());
  for (const ReduceOp op : all_ops) {
    write(acc.data(), a);
    write(in.data(), b);
    gpu.reduce(acc.data(), in.data(), count, {row.type, op});
    gpu.divide(acc.data(), count, row.type, 3);
    auto expected = a;
    kernels::reduce(expected.data(), b.data(), count, row.type, op);
    kernels::divide(expected.data(), count, row.type, 3);
    const auto got = read(acc.data(), a.size());
    std::size_t differ = 0;
    for (std::size_t i = 0; i < a.size(); i += row.bytes)
      differ += !alike(row.type, &got[i], &expected[i]);
    EXPECT_EQ(differ, 0u) << name(op);
  }
}

INSTANTIATE_TEST_SUITE_P(Gpu, EveryTypeOnGpu, testing::ValuesIn(data_types),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(OnGpu, AllocatesZeroesAlignedAndPoisons) {
  const Buffer one = gpu.allocate(0), buffer = gpu.allocate(5000);
  EXPECT_EQ(one.size(), 1u);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 256, 0u);
  EXPECT_THAT(read(buffer.data(), 5000), testing::Each(std::byte{0}));
  gpu.poison(buffer.data(), 4999);
  const auto bytes = read(buffer.data(), 5000);
  EXPECT_EQ(bytes[4998], std::byte{0xff});
  EXPECT_EQ(bytes[4999], std::byte{0});
  gpu.copy(buffer.data() + 4000, buffer.data() + 4900, 100);
  EXPECT_EQ(read(buffer.data() + 4099, 1).front(), std::byte{0});
}

TEST_F(OnGpu, CopiesAndTriadsAsTheHostDoes) {
  constexpr std::size_t count = 100001;
  const auto pattern = kernels::movement(DataType::fp64, 1, 1);
  std::array<Buffer, 3> mine, theirs;
  for (std::size_t i = 0; i < 3; ++i) {
    mine[i] = gpu.allocate(count * 8);
    theirs[i] = host->allocate(count * 8);
    const kernels::Slice part{.seed = 5 + i, .first_index = 0, .count = count};
    gpu.fill(mine[i].data(), pattern, part);
    host->fill(theirs[i].data(), pattern, part);
  }
  const auto at = [](const Buffer& buffer) { return reinterpret_cast<double*>(buffer.data()); };
  cuda::check(gpu.gpu(),
              kernels::cuda::triad(gpu.queue(), at(mine[0]), at(mine[1]), at(mine[2]), 0.1, count),
              "triad");
  kernels::triad(at(theirs[0]), at(theirs[1]), at(theirs[2]), 0.1, count);
  const auto sums = read(mine[0].data(), count * 8);
  EXPECT_EQ(std::memcmp(sums.data(), theirs[0].data(), sums.size()), 0);
  cuda::check(gpu.gpu(), kernels::cuda::copy(gpu.queue(), at(mine[2]), at(mine[0]), count), "copy");
  EXPECT_EQ(read(mine[2].data(), count * 8), sums);
}

TEST_F(OnGpu, ReplaysAGraph) {
  const Buffer buffer = gpu.allocate(4096 * 4);
  const cuda::Stream stream = cuda::make_stream(gpu.gpu());
  const kernels::cuda::Queue queue{stream.get(), gpu.gpu().multiprocessors};
  const auto pattern = kernels::movement(DataType::fp32, 1, 1);
  const kernels::Slice slice{.seed = 5, .first_index = 0, .count = 4096};
  cuda::begin_capture(gpu.gpu(), stream.get());
  cuda::check(gpu.gpu(), kernels::cuda::fill(queue, buffer.data(), pattern, slice), "fill");
  const cuda::GraphExec graph = cuda::end_capture(gpu.gpu(), stream.get());
  EXPECT_GT(gpu.verify(buffer.data(), pattern, slice).wrong, 4000u) << "recorded, not run";
  for (int replay = 0; replay < 2; ++replay) {
    gpu.poison(buffer.data(), 4096 * 4);
    cuda::check(gpu.gpu(), cudaGraphLaunch(graph.get(), stream.get()), "cudaGraphLaunch");
    cuda::check(gpu.gpu(), cudaStreamSynchronize(stream.get()), "cudaStreamSynchronize");
    EXPECT_EQ(gpu.verify(buffer.data(), pattern, slice).wrong, 0u);
  }
}

TEST_F(OnGpu, TakesTime) {
  const cuda::Event start = cuda::make_event(gpu.gpu()), stop = cuda::make_event(gpu.gpu());
  const Buffer buffer = gpu.allocate(1 << 22);
  const auto stream = gpu.queue().stream;
  cuda::check(gpu.gpu(), cudaEventRecord(start.get(), stream), "cudaEventRecord");
  gpu.fill(buffer.data(), kernels::movement(DataType::fp32, 1, 1), {5, 0, 1 << 20});
  cuda::check(gpu.gpu(), cudaEventRecord(stop.get(), stream), "cudaEventRecord");
  cuda::check(gpu.gpu(), cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  EXPECT_GT(cuda::seconds_between(gpu.gpu(), start, stop), 0.0);
}

TEST(VisibleGpus, HaveNamesOfTheirOwn) {
  const auto visible = cuda::visible_gpus(3);
  std::vector<std::string> uuids;
  for (const auto& gpu : visible.gpus) {
    EXPECT_EQ(gpu.rank, 3);
    EXPECT_EQ(gpu.index, static_cast<int>(uuids.size()));
    EXPECT_THAT(gpu.uuid, testing::StartsWith("GPU-"));
    EXPECT_EQ(gpu.uuid.size(), 40u);
    EXPECT_THAT(uuids, testing::Not(testing::Contains(gpu.uuid)));
    uuids.push_back(gpu.uuid);
  }
}

}  // namespace
}  // namespace assay::device

// The host device: aligned buffers, a refusal that names the size.
#include "harness/device/device.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "harness/core/error.hpp"
#include "harness/device/available_memory.hpp"

namespace assay::device {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(HostDevice, AllocatesAlignedMemoryOfTheSizeAskedFor) {
  const auto device = make_host_device();
  EXPECT_EQ(device->memory(), MemoryKind::host);
  EXPECT_EQ(name(device->memory()), "host");
  for (const std::size_t bytes : {1u, 4095u, 4096u, 12345u, 9u << 20}) {
    const Buffer buffer = device->allocate(bytes);
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 4096, 0u);
  }
  EXPECT_EQ(device->allocate(0).size(), 1u);
}

TEST(HostDevice, NoPatternHoldsPoisonThroughout) {
  const auto device = make_host_device();
  for (const auto& row : data_types) {
    constexpr std::size_t count = 4096;
    Buffer buffer = device->allocate(count * row.bytes);
    device->poison(buffer.data(), buffer.size());
    for (const auto& pattern :
         {kernels::reduction(row.type, ReduceOp::sum, 4, 1), kernels::movement(row.type, 2, 1)})
      EXPECT_GT(device->verify(buffer.data(), pattern, {1, 0, count}).wrong, count / 2);
  }
}

TEST(HostDevice, FillsVerifiesAndReadsBack) {
  const auto device = make_host_device();
  const auto pattern = kernels::movement(DataType::fp32, 1, 1);
  Buffer buffer = device->allocate(100 * 4);
  device->fill(buffer.data(), pattern, {.seed = 2, .first_index = 9, .count = 100});
  EXPECT_EQ(device->verify(buffer.data(), pattern, {2, 9, 100}).wrong, 0u);
  EXPECT_EQ(device->read_element(buffer.data() + 4 * 7, 4),
            pattern.entries[kernels::pattern_entry(2, 16)]);
  EXPECT_THROW(device->read_element(buffer.data(), 9), InternalError);
}

TEST(HostDevice, RefusesMoreThanThereIs) {
  const auto device = make_host_device();
  for (const std::size_t bytes : {std::size_t{1} << 50, std::numeric_limits<std::size_t>::max(),
                                  std::numeric_limits<std::size_t>::max() - 4096}) {
    try {
      device->allocate(bytes);
      FAIL() << "allocated " << bytes << " bytes";
    } catch (const RunError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(std::to_string(bytes) + " bytes"),
                                      HasSubstr("use smaller messages")));
    }
  }
}

TEST(Buffer, IsFreedOnceByItsLastOwner) {
  static int freed = 0;
  static std::array<std::byte, 8> memory;
  {
    Buffer first(memory.data(), 8, [](void*, std::size_t) noexcept { ++freed; });
    Buffer second = std::move(first);
    Buffer third;
    third = std::move(second);
    EXPECT_EQ(third.data(), memory.data());
    EXPECT_EQ(freed, 0);
  }
  EXPECT_EQ(freed, 1);
}

/// A root folder with the files that the kernel would show.
class FakeRoot {
 public:
  FakeRoot() { std::filesystem::remove_all(path_); }
  ~FakeRoot() { std::filesystem::remove_all(path_); }
  FakeRoot& with(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file) << text;
    return *this;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) /
      ("assay_root_" + std::to_string(testing::UnitTest::GetInstance()->random_seed()) +
       testing::UnitTest::GetInstance()->current_test_info()->name());
};

constexpr auto meminfo = "MemTotal:  2000 kB\nMemAvailable:  1000 kB\n";

TEST(AvailableMemory, IsUnknownWithoutProc) {
  EXPECT_FALSE(available_memory("/nonexistent").has_value());
}

TEST(AvailableMemory, IsTheMachinesWithoutControlGroups) {
  FakeRoot root;
  root.with("proc/meminfo", meminfo);
  EXPECT_EQ(available_memory(root.path()), 1024000u);
}

TEST(AvailableMemory, IsTheGroupsWhereThatIsLess) {
  FakeRoot root;
  root.with("proc/meminfo", meminfo)
      .with("proc/self/cgroup", "0::/job/step\n")
      .with("sys/fs/cgroup/job/step/memory.max", "max\n")
      .with("sys/fs/cgroup/job/step/memory.current", "1\n")
      .with("sys/fs/cgroup/job/memory.max", "100000\n")
      .with("sys/fs/cgroup/job/memory.current", "60000\n")
      .with("sys/fs/cgroup/job/memory.stat", "anon 1\ninactive_file 2000\nactive_file 3000\n");
  EXPECT_EQ(available_memory(root.path()), 100000u - 55000u);
}

TEST(AvailableMemory, KnowsVersionOneAndAContainersOwnView) {
  FakeRoot root;
  root.with("proc/meminfo", meminfo)
      .with("proc/self/cgroup", "7:cpu,memory:/docker/abc\n1:name=systemd:/\n0::/\n")
      .with("sys/fs/cgroup/memory/memory.limit_in_bytes", "5000\n")
      .with("sys/fs/cgroup/memory/memory.usage_in_bytes", "6000\n");
  EXPECT_EQ(available_memory(root.path()), 0u);
}

}  // namespace
}  // namespace assay::device

// NVML through the run-time loader: absent, whole, half of it missing, and without a driver.
#include "harness/device/nvml.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/fakes/gpu_names.hpp"

namespace assay::device {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Nvml, SaysWhyItIsAbsentAndTellsNothing) {
  const Nvml nvml("libnvidia-ml-that-is-not-there.so.1");
  EXPECT_THAT(nvml.missing(), HasSubstr("libnvidia-ml-that-is-not-there.so.1"));
  GpuInventory only_uuid;
  only_uuid.uuid = "GPU-1";
  EXPECT_EQ(nvml.inventory("GPU-1"), only_uuid);
  EXPECT_THAT(nvml.counters("GPU-1"), IsEmpty());
}

TEST(Nvml, SaysThatItCannotBeInitialised) {
  setenv("ASSAY_FAKE_NVML", "no_driver", 1);
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  unsetenv("ASSAY_FAKE_NVML");
  EXPECT_THAT(nvml.missing(), HasSubstr("cannot be initialised"));
  EXPECT_THAT(nvml.counters(fakes::gpu_uuid(0)), IsEmpty());
}

TEST(Nvml, TellsWhatAGpuIs) {
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  ASSERT_EQ(nvml.missing(), "");
  const GpuInventory expected{.uuid = fakes::gpu_uuid(0),
                              .name = "NVIDIA Double",
                              .serial = "1320000000001",
                              .vbios = "96.00.00.00.01",
                              .driver = "580.00",
                              .pcie_generation = 4,
                              .pcie_width = 16,
                              .pcie_generation_most = 5,
                              .pcie_width_most = 16,
                              .nvlinks = 18,
                              .nvlinks_active = 17,
                              .sm_clock_most_mhz = 1980,
                              .memory_clock_most_mhz = 2619,
                              .power_limit_w = 700,
                              .ecc = 1};
  EXPECT_EQ(nvml.inventory(fakes::gpu_uuid(0)), expected);
}

TEST(Nvml, TellsHowAGpuDoes) {
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  EXPECT_THAT(
      nvml.counters(fakes::gpu_uuid(0)),
      ElementsAre(
          GpuCounter{"sm_clock", "MHz", 1755}, GpuCounter{"memory_clock", "MHz", 2619},
          GpuCounter{"power", "W", 101},
          GpuCounter{"temperature", "C", 41}, GpuCounter{"throttle_sw_power_cap", "", 1},
          GpuCounter{"throttle_hw_slowdown", "", 0}, GpuCounter{"throttle_sw_thermal", "", 0},
          GpuCounter{"throttle_hw_thermal", "", 1}, GpuCounter{"throttle_hw_power_brake", "", 0},
          GpuCounter{"pcie_replays", "", 5}, GpuCounter{"ecc_corrected", "", 12},
          GpuCounter{"ecc_uncorrected", "", 1}, GpuCounter{"rows_remapped_corrected", "", 2},
          GpuCounter{"rows_remapped_uncorrected", "", 3}, GpuCounter{"rows_remap_pending", "", 1},
          GpuCounter{"rows_remap_failed", "", 0}));
}

TEST(Nvml, LeavesOutWhatAGpuDoesNotSupport) {
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  const auto inventory = nvml.inventory(fakes::gpu_uuid(1));
  EXPECT_EQ(inventory.serial, "1320000000002");
  EXPECT_EQ(inventory.nvlinks, std::nullopt);
  EXPECT_EQ(inventory.ecc, std::nullopt);
  for (const auto& counter : nvml.counters(fakes::gpu_uuid(1)))
    EXPECT_THAT(counter.name, testing::Not(testing::AnyOf(HasSubstr("ecc"), HasSubstr("rows"))));
}

TEST(Nvml, LeavesOutWhatTheLibraryLacks) {
  const Nvml nvml(ASSAY_FAKE_NVML_HALF);
  ASSERT_EQ(nvml.missing(), "");
  const GpuInventory expected{
      .uuid = fakes::gpu_uuid(0), .name = "NVIDIA Double", .driver = "580.00", .pcie_width = 16};
  EXPECT_EQ(nvml.inventory(fakes::gpu_uuid(0)), expected);
  EXPECT_THAT(nvml.counters(fakes::gpu_uuid(0)), ElementsAre(GpuCounter{"power", "W", 101}));
}

TEST(Nvml, KnowsOnlyTheUuidOfAGpuThatIsNotThere) {
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  EXPECT_EQ(nvml.inventory(fakes::gpu_uuid(7)).name, "");
}

TEST(GpuInventory, SurvivesItsText) {
  const Nvml nvml(ASSAY_FAKE_NVML_WHOLE);
  for (const int gpu : {0, 1, 7}) {
    const auto inventory = nvml.inventory(fakes::gpu_uuid(gpu));
    EXPECT_EQ(gpu_inventory_from_text(to_text(inventory)), inventory);
  }
  EXPECT_EQ(to_text({.uuid = "GPU-1", .pcie_width = 8}), R"({"pcie_width":8,"uuid":"GPU-1"})");
}

}  // namespace
}  // namespace assay::device

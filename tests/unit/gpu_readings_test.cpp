// What counters say of a case, and what an inventory says of GPUs.
#include "harness/run/gpu_readings.hpp"

#include <gmock/gmock.h>

#include "harness/run/gpu_devices.hpp"

namespace assay::run {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(GpuReadings, AreOfTheMomentOrOfWhatWasAdded) {
  EXPECT_THAT(
      gpu_readings({{"temperature", "C", 41},
                    {"sm_clock", "MHz", 1755},
                    {"memory_clock", "MHz", 2619},
                    {"ecc_corrected", "", 12}},
                   {{"temperature", "C", 77},
                    {"sm_clock", "MHz", 1980},
                    {"memory_clock", "MHz", 1593},
                    {"ecc_corrected", "", 15}}),
      UnorderedElementsAre(Pair("gpu_temperature", 77), Pair("gpu_temperature_before", 41),
                           Pair("gpu_clock", 1.98e9F), Pair("gpu_clock_before", 1.755e9F),
                           Pair("gpu_memory_clock", 1.593e9F),
                           Pair("gpu_memory_clock_before", 2.619e9F), Pair("ecc_corrected", 3)));
}

TEST(GpuReadings, CountTheReasonsToHoldBack) {
  const std::vector<device::GpuCounter> none{{"throttle_hw_thermal", "", 0},
                                             {"throttle_sw_power_cap", "", 0}};
  const std::vector<device::GpuCounter> both{{"throttle_hw_thermal", "", 1},
                                             {"throttle_sw_power_cap", "", 1}};
  EXPECT_THAT(gpu_readings(none, both),
              UnorderedElementsAre(Pair("gpu_throttled", 2), Pair("gpu_throttled_before", 0)));
}

TEST(GpuReadings, AreNotMadeUp) {
  EXPECT_TRUE(gpu_readings({}, {{"temperature", "C", 41}}).empty());
  EXPECT_TRUE(gpu_readings({{"fan", "%", 1}}, {{"fan", "%", 2}}).empty());
}

RankGpu gpu() {
  RankGpu one{
      .inventory = {.uuid = "GPU-1", .name = "NVIDIA H200", .serial = "17", .driver = "580"},
      .bus_id = "0000:1B:00.0"};
  one.inventory.pcie_generation = 1;
  one.inventory.pcie_width = 16;
  one.inventory.pcie_generation_most = 5;
  one.inventory.pcie_width_most = 16;
  one.inventory.nvlinks = one.inventory.nvlinks_active = 18;
  one.inventory.ecc = 1;
  return one;
}

/// Two hosts of two ranks.
Inventory hosts() {
  Inventory inventory;
  inventory.machines = inventory.host_names = {"n0", "n0", "n1", "n1"};
  inventory.topology = detect_topology(inventory.machines);
  for (const auto& host : inventory.machines) {
    auto& rank = inventory.ranks.emplace_back();
    rank.host = host;
    rank.fingerprint = {{"cpu", "EPYC"}};
    rank.bound_cores = {static_cast<int>(inventory.ranks.size())};
    rank.host_cores = 8;
  }
  return inventory;
}

TEST(GpuDevices, TravelAsText) {
  const auto back = rank_gpu_from_text(to_text(gpu()));
  EXPECT_EQ(back.inventory, gpu().inventory);
  EXPECT_EQ(back.bus_id, gpu().bus_id);
}

/// A GPU for each rank.
std::vector<RankGpu> four() {
  std::vector gpus(4, gpu());
  for (std::size_t i = 0; i < gpus.size(); ++i) gpus[i].inventory.uuid = "GPU-" + std::to_string(i);
  return gpus;
}

TEST(GpuDevices, AreListedAndPartOfTheFingerprint) {
  auto inventory = hosts();
  add_gpus(inventory, four());
  ASSERT_EQ(inventory.info.fingerprints.size(), 1u);
  EXPECT_THAT(inventory.info.fingerprints[0],
              UnorderedElementsAre(Pair("cpu", "EPYC"), Pair("gpu", "2 × NVIDIA H200"),
                                   Pair("gpu_driver", "580"), Pair("gpu_pcie", "gen 5 x16"),
                                   Pair("gpu_nvlinks", "18 of 18 up"), Pair("gpu_ecc", "on")));
  ASSERT_EQ(inventory.info.devices.size(), 4u);
  const auto& last = inventory.info.devices[3];
  EXPECT_EQ(last.at("rank"), "3");
  EXPECT_EQ(last.at("host"), "n1");
  EXPECT_EQ(last.at("uuid"), "GPU-3");
  EXPECT_EQ(last.at("serial"), "17");
  EXPECT_EQ(last.at("gpu_pcie_now"), "gen 1 x16");
  EXPECT_FALSE(last.contains("nvml"));
  EXPECT_THAT(inventory.warnings, testing::IsEmpty());
}

TEST(GpuDevices, ThatDifferAreNamed) {
  auto inventory = hosts();
  auto gpus = four();
  gpus[3].inventory.pcie_width_most = 8;
  add_gpus(inventory, gpus);
  ASSERT_EQ(inventory.warnings.size(), 2u);
  EXPECT_EQ(inventory.warnings[0].code, "fingerprint_differs");
  EXPECT_EQ(inventory.warnings[0].evidence, "gpu_pcie is gen 5 x16, gen 5 x8, elsewhere gen 5 x16");
  EXPECT_EQ(inventory.warnings[0].where, "host n1");
  EXPECT_EQ(inventory.warnings[1].code, "gpus_differ");
  EXPECT_EQ(inventory.warnings[1].evidence, "gpu_pcie is gen 5 x16 (rank 2), gen 5 x8 (rank 3)");
  EXPECT_EQ(inventory.warnings[1].where, "host n1");
}

TEST(GpuDevices, ThatAreSharedAreNamed) {
  auto inventory = hosts();
  auto gpus = four();
  gpus[1].inventory.uuid = gpus[3].inventory.uuid = "GPU-0";
  add_gpus(inventory, gpus);
  ASSERT_EQ(inventory.warnings.size(), 1u);
  EXPECT_EQ(inventory.warnings[0].code, "gpu_shared");
  EXPECT_EQ(inventory.warnings[0].evidence, "ranks 0-1,3 share one GPU, GPU-0");
}

TEST(GpuDevices, SayWhyTheDriverTellsNothing) {
  auto inventory = hosts();
  std::vector gpus(4, RankGpu{.inventory = {.uuid = "GPU-1", .name = "NVIDIA H200"},
                              .bus_id = "0000:1B:00.0",
                              .nvml_missing = "libnvidia-ml.so.1: cannot open"});
  add_gpus(inventory, gpus);
  EXPECT_THAT(inventory.info.devices[0],
              UnorderedElementsAre(Pair("rank", "0"), Pair("host", "n0"), Pair("uuid", "GPU-1"),
                                   Pair("gpu", "NVIDIA H200"), Pair("bus_id", "0000:1B:00.0"),
                                   Pair("nvml", "libnvidia-ml.so.1: cannot open")));
}

}  // namespace
}  // namespace assay::run

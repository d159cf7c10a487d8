#include "harness/run/inventory.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness/core/error.hpp"
#include "harness/result/recorded_environment.hpp"
#include "harness/run/inventory_warnings.hpp"

namespace assay::run {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::SizeIs;

/// A rank bound to core `core` of an eight-core host.
RankInventory bound_rank(const std::string& host, int core) {
  RankInventory rank;
  rank.host = host;
  rank.fingerprint = {{"cpu", "EPYC"}, {"governor", "performance"}, {"memory", "503 GiB"}};
  rank.host_cores = 8;
  rank.cpus = std::to_string(core);
  rank.bound_cores = {core};
  rank.cache_cpus = "0-7";
  rank.cache_bytes = 32 << 20;
  rank.available_bytes = 1000;
  return rank;
}

RankInventory unbound_rank(const std::string& host) {
  auto rank = bound_rank(host, 0);
  rank.cpus = "0-7";
  rank.bound_cores = {0, 1, 2, 3, 4, 5, 6, 7};
  return rank;
}

std::vector<RankInventory> two_hosts() {
  return {bound_rank("n0", 0), bound_rank("n0", 1), bound_rank("n1", 0), bound_rank("n1", 1)};
}

std::vector<Warning> warnings(const std::vector<RankInventory>& ranks) {
  return inventory_warnings(ranks, {});
}

// Warnings

TEST(InventoryWarnings, SayNothingAboutBoundRanksOnAlikeHosts) {
  EXPECT_THAT(warnings(two_hosts()), IsEmpty());
  EXPECT_THAT(warnings({}), IsEmpty());
}

TEST(InventoryWarnings, TwoRanksOnOneCoreAreOversubscribed) {
  const auto list = warnings({bound_rank("n0", 3), bound_rank("n0", 3)});
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0], warn(WarningCode::oversubscribed, "2 ranks share 1 of 8 cores", "host n0"));
}

TEST(InventoryWarnings, AQuotaCountsLikeMissingCores) {
  auto ranks = two_hosts();
  for (auto& rank : ranks) rank.cpu_quota = 1.5;
  const auto list = warnings(ranks);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0],
            warn(WarningCode::oversubscribed, "2 ranks share 1.5 of 8 cores", "hosts n0, n1"));
}

TEST(InventoryWarnings, ARankThatMayRunAnywhereIsUnbound) {
  const auto list = warnings({unbound_rank("n0"), bound_rank("n0", 1)});
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0],
            warn(WarningCode::unbound, "1 of 2 ranks may run on any of 8 cores", "host n0"));
}

TEST(InventoryWarnings, OnAOneCoreHostNobodyIsUnbound) {
  auto rank = bound_rank("n0", 0);
  rank.host_cores = 1;
  EXPECT_THAT(warnings({rank}), IsEmpty());
}

TEST(InventoryWarnings, AnyGovernorButPerformanceIsNamed) {
  auto ranks = two_hosts();
  ranks[2].fingerprint["governor"] = ranks[3].fingerprint["governor"] = "powersave";
  const auto list = warnings(ranks);
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0], warn(WarningCode::cpu_governor, "the CPU governor is powersave", "host n1"));
  EXPECT_EQ(list[1].code, "fingerprint_differs");
}

TEST(InventoryWarnings, WithoutFrequencyScalingThereIsNoGovernorToBlame) {
  auto ranks = two_hosts();
  for (auto& rank : ranks) rank.fingerprint["governor"] = "none";
  EXPECT_THAT(warnings(ranks), IsEmpty());
}

TEST(InventoryWarnings, OtherLoadCountsBeyondFivePercentOfTheCores) {
  auto ranks = two_hosts();
  ranks[3].other_cpus = 0.39;
  EXPECT_THAT(warnings(ranks), IsEmpty());
  ranks[3].other_cpus = 0.41;
  const auto list = warnings(ranks);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0],
            warn(WarningCode::other_load,
                 "0.4 of 8 cores were busy with something else before the run", "host n1"));
}

TEST(InventoryWarnings, ATickOfNoiseOnASmallHostIsNoLoad) {
  auto rank = bound_rank("n0", 0);
  rank.host_cores = 2;
  rank.other_cpus = 0.14;
  EXPECT_THAT(warnings({rank}), IsEmpty());
}

TEST(InventoryWarnings, WhereRanksOutnumberCoresTheirOwnWakeUpsAreNoForeignLoad) {
  auto a = bound_rank("n0", 0), b = a;
  a.other_cpus = b.other_cpus = 2;
  EXPECT_THAT(warnings({a, b}), ElementsAre(Field(&Warning::code, "oversubscribed")));
}

TEST(InventoryWarnings, TheHostThatDiffersFromTheMajorityIsNamedWithBothValues) {
  std::vector<RankInventory> ranks{bound_rank("n0", 0), bound_rank("n1", 0), bound_rank("n2", 0)};
  ranks[0].fingerprint["cpu"] = "Xeon";
  const auto list = warnings(ranks);
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_EQ(list[0],
            warn(WarningCode::fingerprint_differs, "cpu is Xeon, elsewhere EPYC", "host n0"));
}

TEST(InventoryWarnings, AKeyThatOneHostLacksIsADifference) {
  std::vector<RankInventory> ranks{bound_rank("n0", 0), bound_rank("n1", 0), bound_rank("n2", 0)};
  ranks[1].fingerprint.erase("cpu");
  EXPECT_THAT(warnings(ranks),
              ElementsAre(Field(&Warning::evidence, "cpu is unknown, elsewhere EPYC")));
}

TEST(InventoryWarnings, MemoryMayDifferByWhatAKernelReserves) {
  auto ranks = two_hosts();
  ranks[2].fingerprint["memory"] = "504 GiB";
  EXPECT_THAT(warnings(ranks), IsEmpty());
  ranks[2].fingerprint["memory"] = "252 GiB";
  EXPECT_THAT(warnings(ranks),
              ElementsAre(Field(&Warning::evidence, "memory is 252 GiB, elsewhere 503 GiB")));
}

TEST(InventoryWarnings, ManyHostsShareOneWarning) {
  std::vector<RankInventory> ranks;
  for (int i = 0; i < 1000; ++i) ranks.push_back(unbound_rank("n" + std::to_string(i)));
  EXPECT_THAT(
      warnings(ranks),
      ElementsAre(Field(&Warning::where, "hosts n0, n1, n2, n3, n4, n5, n6, n7 and 992 more")));
}

TEST(InventoryWarnings, ADebugBuildIsNamed) {
  InventoryOptions options;
  options.debug_build = true;
  EXPECT_THAT(inventory_warnings(two_hosts(), options),
              ElementsAre(Field(&Warning::code, "debug_build")));
}

// What goes into the document

TEST(TopologyInfo, SharesFingerprintsAndBindings) {
  auto ranks = two_hosts();
  ranks.push_back(bound_rank("n2", 0));
  ranks.push_back(bound_rank("n2", 0));
  ranks[4].fingerprint["cpu"] = "Xeon";
  const auto info = topology_info(detect_topology({"n0", "n0", "n1", "n1", "n2", "n2"}), ranks);
  ASSERT_THAT(info.hosts, SizeIs(3));
  ASSERT_THAT(info.fingerprints, SizeIs(2));
  EXPECT_EQ(info.hosts[0].fingerprint, 0u);
  EXPECT_EQ(info.hosts[1].fingerprint, 0u);
  EXPECT_EQ(info.hosts[2].fingerprint, 1u);
  EXPECT_EQ(info.fingerprints[1].at("cpu"), "Xeon");
  ASSERT_THAT(info.hosts[1].bindings, SizeIs(2));
  EXPECT_EQ(format_ranks(info.hosts[1].bindings[1].ranks), "3");
  EXPECT_EQ(info.hosts[1].bindings[1].cpus, "1");
  ASSERT_THAT(info.hosts[2].bindings, SizeIs(1));
  EXPECT_EQ(format_ranks(info.hosts[2].bindings[0].ranks), "4-5");
  EXPECT_FALSE(info.stated);
}

TEST(ThreadShares, RanksBoundAlikeShareTheirCores) {
  std::vector<RankInventory> ranks{unbound_rank("n0"), unbound_rank("n0"), unbound_rank("n1"),
                                   bound_rank("n2", 0), bound_rank("n2", 1)};
  EXPECT_THAT(thread_shares(ranks), ElementsAre(4, 4, 8, 1, 1));
}

TEST(ThreadShares, AreAtLeastOne) {
  EXPECT_THAT(thread_shares(std::vector{bound_rank("n0", 0), bound_rank("n0", 0)}),
              ElementsAre(1, 1));
}

TEST(RotationBytes, AllRanksTogetherCoverTwiceTheCachesTheyShare) {
  EXPECT_EQ(rotation_bytes(two_hosts()), std::uint64_t{32} << 20);  // 2 · 32 MiB / 2 ranks
  auto ranks = two_hosts();
  ranks[3].cache_cpus = "8-15";  // alone on another one: the largest need counts for all
  EXPECT_EQ(rotation_bytes(ranks), std::uint64_t{64} << 20);
}

TEST(RotationBytes, AssumesALargeCacheWhereNoneIsKnown) {
  auto rank = bound_rank("n0", 0);
  rank.cache_bytes = 0;
  EXPECT_EQ(rotation_bytes(std::vector{rank}), std::uint64_t{128} << 20);
}

// This machine

TEST(TakeInventory, DescribesThisMachine) {
  const auto mine = take_inventory(std::string_view("Open MPI v4.1.4\n\0junk", 21), 0.0);
  EXPECT_FALSE(mine.host.empty());
  EXPECT_EQ(mine.host.find('.'), std::string::npos);
  EXPECT_GE(mine.host_cores, 1);
  EXPECT_FALSE(mine.cpus.empty());
  EXPECT_THAT(mine.bound_cores, testing::Not(IsEmpty()));
  EXPECT_LE(mine.bound_cores.size(), static_cast<std::size_t>(mine.host_cores));
  for (const auto* key : {"cpu", "cores", "pus", "sockets", "numa", "l3", "memory", "kernel",
                          "governor", "huge_pages", "quota", "instruction_set", "mpi"})
    EXPECT_THAT(mine.fingerprint, Contains(Key(key)));
  EXPECT_EQ(mine.fingerprint.at("mpi"), "Open MPI v4.1.4");
}

TEST(RankInventory, SurvivesTheJourneyToRank0) {
  auto rank = bound_rank("n0", 5);
  rank.cpu_quota = 1.5;
  rank.other_cpus = 0.25;
  EXPECT_EQ(rank_inventory_from_text(to_text(rank)), rank);
}

TEST(GatherInventory, OfOneRankIsComplete) {
  const auto team = comm::make_solo_team();
  InventoryOptions options;
  options.mpi_library = "none";
  const auto inventory = gather_inventory(*team, options);
  EXPECT_EQ(inventory.topology.ranks(), 1);
  EXPECT_EQ(inventory.host_names, std::vector{inventory.topology.hosts[0].name});
  EXPECT_GE(inventory.threads, 1);
  EXPECT_GT(inventory.rotation_bytes, 0u);
  EXPECT_EQ(inventory.mpi_library, "none");
  ASSERT_THAT(inventory.info.hosts, SizeIs(1));
  EXPECT_FALSE(inventory.info.stated);
  EXPECT_GT(inventory.available_bytes.at(inventory.host_names[0]), 0);
}

TEST(GatherInventory, StatedHostsKeepTheRealFingerprint) {
  const auto team = comm::make_solo_team();
  InventoryOptions options;
  options.ranks_per_node = 1;
  const auto inventory = gather_inventory(*team, options);
  EXPECT_EQ(inventory.topology.hosts[0].name, "node0");
  EXPECT_THAT(inventory.host_names[0], testing::EndsWith(" (node0)"));
  EXPECT_TRUE(inventory.info.stated);
  EXPECT_THAT(inventory.info.fingerprints, SizeIs(1));
  EXPECT_THAT(inventory.available_bytes, Contains(Key("node0")));
}

TEST(GatherInventory, RefusesRanksPerNodeThatDoNotDivide) {
  const auto team = comm::make_solo_team();
  InventoryOptions options;
  options.ranks_per_node = 2;
  EXPECT_THROW(gather_inventory(*team, options), UsageError);
}

// Files of the system

class FakeRoot : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::path(testing::TempDir()) /
            ("inventory_" + std::string(test->name()) + std::to_string(::getpid()));
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  fs::path root_;
};

TEST_F(FakeRoot, QuotaOfVersion2IsTheTightestOnTheWayUp) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  write("sys/fs/cgroup/a/cpu.max", "400000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 4.0);
  write("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpu_quota(root_), 1.5);
}

TEST_F(FakeRoot, QuotaOfVersion1) {
  write("proc/self/cgroup", "7:memory:/x\n3:cpu,cpuacct:/job\n0::/\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(root_), std::nullopt);
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(cpu_quota(root_), 2.5);
}

TEST_F(FakeRoot, NoControlGroupsNoQuota) { EXPECT_EQ(cpu_quota(root_), std::nullopt); }

TEST_F(FakeRoot, GovernorsOfAllCpusAreSeen) {
  EXPECT_EQ(cpu_governor(root_), "none");
  write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
  EXPECT_EQ(cpu_governor(root_), "performance");
  write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "powersave\n");
  EXPECT_EQ(cpu_governor(root_), "performance,powersave");
}

TEST(CpuTicksOf, CountStolenTimeAsBusyAndGuestTimeOnce) {
  const auto ticks = parse_cpu_ticks("cpu  10 1 5 100 20 2 3 4 7 7\ncpu0 1 1 1 1\n");
  EXPECT_EQ(ticks.busy, 10u + 1 + 5 + 2 + 3 + 4);
  EXPECT_EQ(ticks.idle, 120u);
  EXPECT_EQ(parse_cpu_ticks("").busy, 0u);
}

// Environment

using result::is_recorded;
using result::recorded_environment;

TEST(TopologyInfoOf, NamesWhatRanksHaveSetOtherwise) {
  auto ranks = two_hosts();
  for (auto& rank : ranks) rank.environment = {{"NCCL_DEBUG", "INFO"}, {"UCX_TLS", "rc"}};
  ranks[1].environment["CUDA_VISIBLE_DEVICES"] = "1";
  ranks[2].environment["NCCL_ALGO"] = ranks[3].environment["NCCL_ALGO"] = "Ring";
  ranks[3].environment["NCCL_DEBUG"] = "WARN";
  ranks[3].environment.erase("UCX_TLS");
  const auto info = topology_info(detect_topology({"n0", "n0", "n1", "n1"}), ranks);
  std::vector<std::string> rows;
  for (const auto& [name, value, members] : info.set_otherwise.value())
    rows.push_back(name + "=" + value.value_or("(none)") + " on " + format_ranks(members));
  EXPECT_THAT(rows, ElementsAre("CUDA_VISIBLE_DEVICES=1 on 1", "NCCL_ALGO=Ring on 2-3",
                                "NCCL_DEBUG=WARN on 3", "UCX_TLS=(none) on 3"));
}

TEST(RecordedEnvironment, LeavesOutOfEveryRanksWhatSlurmTellsEachTask) {
  EXPECT_TRUE(result::is_recorded_of_every_rank("NCCL_ALGO"));
  EXPECT_FALSE(result::is_recorded_of_every_rank("SLURM_PROCID"));
  EXPECT_FALSE(result::is_recorded_of_every_rank("HOME"));
}

TEST(RecordedEnvironment, KeepsSettingsAndDropsEverythingElse) {
  const char* const environment[] = {
      "NCCL_DEBUG=INFO", "UCX_TLS=rc,sm",           "CUDA_VISIBLE_DEVICES=0,1",
      "SLURM_JOB_ID=17", "OMPI_MCA_btl=self,vader", "HOME=/root",
      "MY_NCCL_DEBUG=1", "no equals sign",          nullptr};
  EXPECT_THAT(
      recorded_environment(environment),
      ElementsAre(testing::Pair("CUDA_VISIBLE_DEVICES", "0,1"), testing::Pair("NCCL_DEBUG", "INFO"),
                  testing::Pair("OMPI_MCA_btl", "self,vader"), testing::Pair("SLURM_JOB_ID", "17"),
                  testing::Pair("UCX_TLS", "rc,sm")));
}

TEST(RecordedEnvironment, KeepsAnEmptyValueAndEqualsSignsInValues) {
  const char* const environment[] = {"NCCL_A=", "NCCL_B=x=y", nullptr};
  EXPECT_THAT(recorded_environment(environment),
              ElementsAre(testing::Pair("NCCL_A", ""), testing::Pair("NCCL_B", "x=y")));
}

TEST(RecordedEnvironment, NeverRecordsSecrets) {
  for (const auto* name : {"SLURM_JWT", "SLURM_auth_token", "NCCL_API_KEY", "UCX_PASSWORD",
                           "OMPI_MCA_sec_credential", "CUDA_SECRET", "SLURM_AUTH"})
    EXPECT_FALSE(is_recorded(name)) << name;
  const char* const environment[] = {"NCCL_SERVER=http://user:pw@host", nullptr};
  EXPECT_THAT(recorded_environment(environment),
              ElementsAre(testing::Pair("NCCL_SERVER", "withheld")))
      << "that it is set is no secret";
}

TEST(RecordedEnvironment, NeverRecordsTheLaunchersState) {
  for (const auto* name :
       {"OMPI_MCA_orte_hnp_uri", "OMPI_MCA_orte_precondition_transports", "OMPI_MCA_ess_base_jobid",
        "OMPI_COMM_WORLD_RANK", "OMPI_FILE_LOCATION", "OMPI_MCA_initial_wdir", "PMIX_SERVER_URI2"})
    EXPECT_FALSE(is_recorded(name)) << name;
}

}  // namespace
}  // namespace assay::run

#include "harness/run/watchdog_monitor.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace assay::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Incident::Kind;

const std::vector<std::string> hosts = {"n0", "n0", "n1", "n1"};
const std::vector<std::string> labels = {"c000 (noop)", "c001 (all_reduce 1 MiB fp32 sum world)"};

Deadlines limits() {
  return {
      .start_up_s = 100, .operation_s = 20, .control_s = 30, .tear_down_s = 10, .heartbeat_s = 5};
}

Position timed(std::uint32_t iteration, bool inside) {
  return {1, Phase::timed, inside, iteration};
}

/// What check() says once it has settled, if nothing changes.
std::optional<Incident> settled(Monitor& monitor, double now_s) {
  EXPECT_FALSE(monitor.check(now_s, labels));
  return monitor.check(now_s + 0.7, labels);
}

/// A monitor that has heard from every rank at time 0.
class MonitorTest : public testing::Test {
 protected:
  Monitor monitor(int rank = 0) {
    Monitor monitor({rank, limits(), hosts}, 0);
    hear_all(monitor, timed(7, true), 0, 0);
    return monitor;
  }
  static void hear_all(Monitor& monitor, Position position, double unchanged_s, double now_s,
                       int but = -1) {
    for (int rank = 0; rank < 4; ++rank)
      if (rank != but) monitor.heard(rank, position, unchanged_s, now_s);
  }
};

TEST_F(MonitorTest, IsQuietWhileEverybodyBeats) {
  auto m = monitor();
  EXPECT_FALSE(m.check(4.9, labels));
  EXPECT_FALSE(m.pending());
}

TEST_F(MonitorTest, NamesTheRankWithoutHeartbeatAndWhereItWas) {
  auto m = monitor();
  m.heard(3, timed(1432, true), 0, 1);
  for (double now = 1; now <= 6.1; now += 0.25) hear_all(m, timed(1433, true), 0, now, 3);
  const auto incident = m.check(6.2, labels);
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->kind, Kind::stopped);
  EXPECT_THAT(incident->ranks, ElementsAre(3));
  EXPECT_EQ(incident->sentence,
            "rank 3 on host n1 has sent no heartbeat for 5.2 s; last seen in case c001 "
            "(all_reduce 1 MiB fp32 sum world), timed iteration 1432, inside the operation");
}

TEST_F(MonitorTest, NamesAWholeHostWhoseRanksFellSilentShortlyAfterEachOther) {
  auto m = monitor();
  m.heard(2, timed(8, true), 0, 0.5);
  hear_all(m, timed(8, true), 0, 5, 2);
  m.heard(3, timed(8, true), 0, 1);
  m.heard(0, timed(8, true), 0, 5.6);
  m.heard(1, timed(8, true), 0, 5.6);
  const auto incident = m.check(5.6, labels);
  ASSERT_TRUE(incident);
  EXPECT_THAT(incident->ranks, ElementsAre(2, 3));
  EXPECT_THAT(incident->sentence, HasSubstr("ranks 2-3 on host n1 have sent no heartbeat"));
}

TEST_F(MonitorTest, LeavesARankThatHasYetToConnectTheTimeOfStartUp) {
  Monitor m({0, limits(), hosts}, 0);
  hear_all(m, {}, 0, 0, 2);
  hear_all(m, {}, 0, 99, 2);
  EXPECT_FALSE(m.check(99, labels));
  hear_all(m, {}, 0, 100.5, 2);
  const auto incident = m.check(100.5, labels);
  ASSERT_TRUE(incident);
  EXPECT_THAT(incident->ranks, ElementsAre(2));
  EXPECT_THAT(incident->sentence, HasSubstr("last seen in start-up"));
}

TEST_F(MonitorTest, ClosedConnectionIsALossAfterAMomentInWhichOthersMayClose) {
  auto m = monitor();
  m.closed(2);
  EXPECT_FALSE(m.check(0.01, labels));
  EXPECT_TRUE(m.pending());
  m.closed(3);
  const auto incident = m.check(0.07, labels);
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->kind, Kind::lost);
  EXPECT_THAT(incident->ranks, ElementsAre(2, 3));
  EXPECT_THAT(incident->sentence, HasSubstr("ranks 2-3 on host n1 are gone"));
  EXPECT_THAT(incident->sentence, HasSubstr("timed iteration 7, inside the operation"));
}

TEST_F(MonitorTest, GoodbyeMakesAClosedConnectionNormal) {
  auto m = monitor();
  m.left(2);
  m.closed(2);
  hear_all(m, timed(9, false), 0, 200, 2);
  EXPECT_FALSE(m.check(200, labels));
}

TEST_F(MonitorTest, DeathOutranksTheSignalsThatALauncherSendsAfterIt) {
  auto m = monitor();
  m.reported({Kind::signal, {1}, "rank 1 received SIGTERM"});
  m.closed(3);
  m.check(0, labels);
  EXPECT_EQ(m.check(1, labels)->kind, Kind::lost);
}

TEST_F(MonitorTest, ReportingRankMayCloseItsConnection) {
  auto m = monitor();
  m.reported({Kind::signal, {1}, "rank 1 received SIGTERM"});
  m.closed(1);
  m.check(0, labels);
  const auto incident = m.check(0.06, labels);
  EXPECT_EQ(incident->kind, Kind::signal);
  EXPECT_EQ(incident->sentence, "rank 1 received SIGTERM");
}

TEST_F(MonitorTest, FailureOutranksTheLossesThatFollowIt) {
  auto m = monitor();
  m.reported({Kind::failed, {1}, "rank 1: no memory"});
  m.reported({Kind::signal, {2}, "rank 2 received SIGTERM"});
  m.closed(3);
  m.check(0, labels);
  EXPECT_EQ(m.check(1, labels)->sentence, "rank 1: no memory");
}

TEST_F(MonitorTest, DeputyLeavesRankZeroTimeToSpeakFirst) {
  auto m = monitor(2);
  m.closed(3);
  m.check(0, labels);
  EXPECT_FALSE(m.check(0.8, labels));
  EXPECT_TRUE(m.check(0.9, labels));
}

TEST_F(MonitorTest, DeputyWaitsAlsoForARankZeroThatHasYetToBeat) {
  Monitor m({2, limits(), hosts}, 0);
  m.reported({Kind::failed, {3}, "rank 3: no memory"});
  EXPECT_FALSE(m.check(0.1, labels));
  EXPECT_FALSE(m.check(0.8, labels));
  EXPECT_TRUE(m.check(1, labels));
}

TEST_F(MonitorTest, DeputySpeaksAtOnceWhenRankZeroIsGone) {
  auto m = monitor(2);
  m.closed(0);
  m.check(0, labels);
  const auto incident = m.check(0.06, labels);
  ASSERT_TRUE(incident);
  EXPECT_THAT(incident->ranks, ElementsAre(0));
}

TEST_F(MonitorTest, DeputyNamesASilentRankZeroAtOnce) {
  auto m = monitor(2);
  hear_all(m, timed(8, true), 0, 5, 0);
  const auto incident = m.check(5.1, labels);
  ASSERT_TRUE(incident);
  EXPECT_THAT(incident->ranks, ElementsAre(0));
}

TEST_F(MonitorTest, OwnStallIsNobodysFault) {
  auto m = monitor();
  m.renew(60);
  EXPECT_FALSE(m.check(60, labels));
  EXPECT_FALSE(m.check(64, labels));
  EXPECT_TRUE(m.check(65.5, labels));
}

TEST_F(MonitorTest, NamesTheRankThatHoldsTheOthersUp) {
  auto m = monitor();
  hear_all(m, timed(100, true), 19.9, 60, 3);
  m.heard(3, timed(100, false), 20.1, 60);
  const auto incident = settled(m, 60);
  ASSERT_TRUE(incident);
  EXPECT_EQ(incident->kind, Kind::stuck);
  EXPECT_EQ(incident->sentence,
            "rank 3 on host n1 has made no progress for 20.8 s; last seen in case c001 "
            "(all_reduce 1 MiB fp32 sum world), timed iteration 100, between operations");
}

TEST_F(MonitorTest, NamesTheCulpritThoughTheOthersNoticeFirst) {
  auto m = monitor();
  hear_all(m, timed(100, true), 20.1, 60, 3);
  m.heard(3, timed(99, false), 19.9, 60);
  EXPECT_THAT(settled(m, 60)->ranks, ElementsAre(3));
}

TEST_F(MonitorTest, AllInsideTheSameOperationAreAllNamed) {
  auto m = monitor();
  hear_all(m, timed(100, true), 20.1, 60);
  EXPECT_THAT(settled(m, 60)->sentence, HasSubstr("all 4 ranks have made no progress for"));
}

TEST_F(MonitorTest, WaitingForARankThatAdvancesIsNoHang) {
  auto m = monitor();
  hear_all(m, {1, Phase::control, false, 0}, 500, 600, 2);
  m.heard(2, timed(5000, true), 0.1, 600);  // alone, one at a time
  EXPECT_FALSE(m.check(600, labels));
  m.heard(2, {1, Phase::control, false, 0}, 0.2, 600.5);  // joins the others
  EXPECT_FALSE(m.check(600.5, labels));
  m.heard(2, {1, Phase::control, false, 0}, 31, 650);
  hear_all(m, {1, Phase::control, false, 0}, 550, 650, 2);
  EXPECT_TRUE(settled(m, 650));
}

TEST_F(MonitorTest, WaitingRanksMayBeSeenLateAfterTheWaitIsOver) {
  auto m = monitor();
  hear_all(m, {1, Phase::control, false, 0}, 500, 600, 2);
  m.heard(2, {1, Phase::tear_down, false, 0}, 0.1, 600);  // has moved on already
  EXPECT_FALSE(m.check(600, labels));
  EXPECT_TRUE(m.pending());
  hear_all(m, {1, Phase::tear_down, false, 0}, 0.1, 600.25);
  EXPECT_FALSE(m.check(600.25, labels));
  EXPECT_FALSE(m.pending());
  EXPECT_FALSE(m.check(601, labels));
}

TEST_F(MonitorTest, AnOperationIsNotExcusedByOthersThatAdvance) {
  auto m = monitor();
  m.heard(0, timed(900, true), 25, 60);
  m.heard(1, timed(900, true), 25, 60);
  m.heard(2, timed(5, true), 0, 60);  // another group, slower but well
  m.heard(3, timed(5, true), 0, 60);
  EXPECT_THAT(settled(m, 60)->ranks, ElementsAre(0, 1));
}

TEST_F(MonitorTest, MissingHeartbeatOutranksThoseWhoWaitForIt) {
  auto m = monitor();
  hear_all(m, timed(100, true), 30, 60, 3);
  EXPECT_EQ(m.check(60, labels)->kind, Kind::stopped);
  EXPECT_THAT(m.check(60, labels)->ranks, ElementsAre(3));
}

TEST(Deadline, DependsOnThePhase) {
  EXPECT_EQ(deadline_s(limits(), Phase::start_up), 100);
  EXPECT_EQ(deadline_s(limits(), Phase::prepare), 30);
  EXPECT_EQ(deadline_s(limits(), Phase::control), 30);
  EXPECT_EQ(deadline_s(limits(), Phase::verify), 20);
  EXPECT_EQ(deadline_s(limits(), Phase::timed), 20);
  EXPECT_EQ(deadline_s(limits(), Phase::tear_down), 10);
  EXPECT_TRUE(std::isinf(deadline_s(limits(), Phase::finished)));
}

TEST(Deputy, IsOnAnotherHostWhereThereIsOne) {
  EXPECT_EQ(deputy_of(std::vector<std::string>{"a"}), std::nullopt);
  EXPECT_EQ(deputy_of(std::vector<std::string>{"a", "a", "a"}), 1);
  EXPECT_EQ(deputy_of(std::vector<std::string>{"a", "a", "b", "c"}), 2);
  EXPECT_EQ(deputy_of(std::vector<std::string>{"a (node0)", "a (node1)", "b (node2)"}), 2)
      << "a pretended host is lost with the real one";
}

TEST(NameRanks, GroupsByHostAndCountsTheRest) {
  const std::vector<std::string> many = {"a", "a", "b", "c", "d", "e", "e", "a"};
  EXPECT_EQ(name_ranks({1}, many), "rank 1 on host a");
  EXPECT_EQ(name_ranks({0, 1, 7}, many), "ranks 0-1,7 on host a");
  EXPECT_EQ(name_ranks({1, 2}, many), "rank 1 on host a and rank 2 on host b");
  EXPECT_EQ(name_ranks({0, 1, 2, 3, 4, 5, 6}, many),
            "ranks 0-1 on host a, rank 2 on host b, rank 3 on host c, rank 4 on host d and 2 more");
}

}  // namespace
}  // namespace assay::run

// Who is blamed: a host is named only where the groups tell it apart from the others.
#include <gmock/gmock.h>

#include <set>

#include "harness/contract/judge.hpp"
#include "harness/contract/scopes.hpp"
#include "tests/unit/documents.hpp"

namespace assay::contract {
namespace {

using test::add;
using test::busbw_clause;
using test::contract_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A layout on `hosts` hosts in which every group that touches a slow host is at half speed.
Finding with_slow_hosts(int hosts, int ranks, const std::string& layout,
                        std::set<std::size_t> slow) {
  auto d = test::document(hosts, ranks);
  const auto made = schedule::make_layout(layout, d.topology.topology());
  const HostMap map(d.topology);
  add(d, {.layout = layout, .values = [=](std::size_t group, std::size_t i) {
            bool is_slow = false;
            for (const auto host : map.hosts_of(made.group(group))) is_slow |= slow.contains(host);
            return (is_slow ? 200e9 : 400e9) * (1 + 0.01 * test::noise(group * 997 + i));
          }});
  return judge(contract_of(busbw_clause("\"350 GB/s\"")), d).findings.back();
}

TEST(Hosts, AGroupOnOneHostNamesIt) {
  const auto finding = with_slow_hosts(3, 2, "node", {1});
  EXPECT_THAT(finding.failed_hosts, ElementsAre("n1"));
  EXPECT_THAT(finding.sentence, testing::StartsWith("host n1: median busbw 199"));
  EXPECT_THAT(finding.sentence, HasSubstr("1 of 3 hosts failed. evidence c001"));
  const auto each = with_slow_hosts(3, 2, "each", {2});
  EXPECT_THAT(each.failed_hosts, ElementsAre("n2"));
  EXPECT_THAT(each.sentence, HasSubstr("on host n2: median busbw"));
  EXPECT_EQ(each.next, "assay run all_reduce -b 1073741824 --layout pairs --pacing stream");
}

TEST(Hosts, ASlowWorldNamesNobody) {
  EXPECT_THAT(with_slow_hosts(4, 2, "world", {1}).failed_hosts, IsEmpty());
  EXPECT_THAT(with_slow_hosts(1, 2, "world", {0}).failed_hosts, ElementsAre("n0"));
}

TEST(Hosts, PairsTellTheSlowHost) {
  const auto finding = with_slow_hosts(5, 1, "pairs", {3});
  EXPECT_THAT(finding.failed_hosts, ElementsAre("n3"));
  EXPECT_EQ(finding.scopes_failed, 4u);
  EXPECT_THAT(finding.sentence, testing::StartsWith("host n3: "));
}

TEST(Hosts, PairsTellTwoSlowHosts) {
  EXPECT_THAT(with_slow_hosts(6, 1, "pairs", {1, 4}).failed_hosts, ElementsAre("n1", "n4"));
}

TEST(Hosts, APairOfTwoHostsNamesNeither) {
  const auto finding = with_slow_hosts(2, 1, "pairs", {1});
  EXPECT_THAT(finding.failed_hosts, IsEmpty());
  EXPECT_THAT(finding.sentence, HasSubstr("ranks 0-1 between n0 and n1: median busbw"));
}

TEST(Hosts, HostsThatAreAlwaysTogetherAreNotToldApart) {
  EXPECT_THAT(with_slow_hosts(4, 1, "halves", {0}).failed_hosts, IsEmpty());
  EXPECT_THAT(with_slow_hosts(3, 2, "rail", {0}).failed_hosts, IsEmpty());
}

TEST(Hosts, PairsWithinAHostNameItDirectly) {
  auto d = test::document(2, 2);
  const auto made = schedule::make_layout("pairs", d.topology.topology());
  add(d, {.layout = "pairs", .values = [=](std::size_t group, std::size_t i) {
            const bool within_n1 = made.group(group).ranks() == std::vector<int>{2, 3};
            return (within_n1 ? 200e9 : 400e9) * (1 + 0.01 * test::noise(group * 997 + i));
          }});
  const auto finding = judge(contract_of(busbw_clause("\"350 GB/s\"")), d).findings.back();
  EXPECT_THAT(finding.failed_hosts, ElementsAre("n1"));
}

TEST(Hosts, OneSlowLinkNamesNoHost) {
  auto d = test::document(4, 1);
  const auto made = schedule::make_layout("pairs", d.topology.topology());
  add(d, {.layout = "pairs", .values = [=](std::size_t group, std::size_t i) {
            const bool link = made.group(group).ranks() == std::vector<int>{1, 2};
            return (link ? 200e9 : 400e9) * (1 + 0.01 * test::noise(group * 997 + i));
          }});
  const auto finding = judge(contract_of(busbw_clause("\"350 GB/s\"")), d).findings.back();
  EXPECT_THAT(finding.failed_hosts, IsEmpty());
  EXPECT_THAT(finding.sentence, HasSubstr("between n1 and n2"));
}

TEST(Hosts, AHostOfWhichHalfTheGroupsAreInOrderIsNotNamed) {
  auto d = test::document(5, 1);
  const auto made = schedule::make_layout("pairs", d.topology.topology());
  add(d, {.layout = "pairs", .values = [=](std::size_t group, std::size_t i) {
            const auto ranks = made.group(group).ranks();
            const bool link = ranks == std::vector<int>{1, 2} || ranks == std::vector<int>{1, 3};
            return (link ? 200e9 : 400e9) * (1 + 0.01 * test::noise(group * 997 + i));
          }});
  const auto finding = judge(contract_of(busbw_clause("\"350 GB/s\"")), d).findings.back();
  EXPECT_EQ(finding.scopes_failed, 2u);
  EXPECT_THAT(finding.failed_hosts, IsEmpty());
}

TEST(CloserLook, NamesAllThatMakesTheCase) {
  auto d = test::document(1, 4);
  auto spec = test::copy_each();
  spec.benchmark = "gemm";
  test::add(d, spec).spec.dims["memory"] = std::string("device");
  const auto slow = [&](const char* benchmark, const char* metric) {
    return test::last(
               test::contract_of(std::string(R"({"id":"c","of":{"benchmark":")") + benchmark +
                                 R"("},"metric":")" + metric + R"(","at_least":"1 P)" +
                                 (metric[0] == 'f' ? "FLOP/s" : "B/s") + R"("})"),
               d)
        .next;
  };
  EXPECT_EQ(
      slow("gemm", "flops"),
      "assay run gemm --set memory=device --set type=fp64 --set m=512 --set n=512 --set k=512 "
      "--layout alone --pacing stream");
  spec.id = "c003";
  spec.benchmark = "peer_copy";
  spec.layout = "node_pairs";
  test::add(d, spec);
  EXPECT_EQ(slow("peer_copy", "bandwidth"), "") << "no smaller group is left";
}

TEST(CloserLook, IsOnTheSameBackEndAndNeverAtWhatAllSetUp) {
  auto d = test::document(1, 4);
  auto& dims = add(d, test::CaseSpec{}).spec.dims;
  dims["backend"] = std::string("nccl");
  const auto next = [&d] { return test::last(contract_of(busbw_clause(R"("1 PB/s")")), d).next; };
  EXPECT_THAT(next(), HasSubstr(" --set backend=nccl --layout pairs "));
  dims["buffers"] = std::string("symmetric");
  EXPECT_EQ(next(), "");
}

}  // namespace
}  // namespace assay::contract

#include "harness/device/gpu_choice.hpp"

#include <gmock/gmock.h>

#include "tests/unit/refusal.hpp"

namespace assay::device {
namespace {

using test::refusal;
using testing::ElementsAre;
using testing::HasSubstr;

using Uuids = std::vector<std::string>;

/// Ranks `first`, `first` + 1, … that see these.
std::vector<RankGpus> ranks(const std::vector<Uuids>& visible, int first = 0) {
  std::vector<RankGpus> all;
  for (const auto& uuids : visible) all.push_back({first++, uuids});
  return all;
}

std::vector<int> choose(const std::vector<RankGpus>& ranks,
                        GpuSharing sharing = GpuSharing::refused) {
  return choose_gpus("n1", ranks, sharing);
}

TEST(GpuChoice, DealsOutWhatAllSeeByLocalRank) {
  EXPECT_THAT(choose(ranks({{"a", "b", "c"}, {"a", "b", "c"}, {"a", "b", "c"}})),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(choose(ranks({{"a", "b", "c"}})), ElementsAre(0));
}

TEST(GpuChoice, TakesWhatTheLauncherBound) {
  EXPECT_THAT(choose(ranks({{"a"}, {"b"}, {"c"}})), ElementsAre(0, 0, 0));
  EXPECT_THAT(choose(ranks({{"a", "b"}, {"a", "b"}, {"c", "d"}, {"c", "d"}})),
              ElementsAre(0, 1, 0, 1));
  EXPECT_THAT(choose(ranks({{"a", "b"}, {"b", "a"}})), ElementsAre(0, 0));
  EXPECT_THAT(choose(ranks({{"a", "b"}, {"a"}})), ElementsAre(1, 0))
      << "who has no choice comes first";
}

TEST(GpuChoice, RefusesToShare) {
  EXPECT_EQ(refusal([] {
              choose(ranks({{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}}, 8));
            }),
            "host n1: 4 ranks see 2 GPUs between them, none of which is left for ranks 10, 11; "
            "start one rank per GPU, or pass --share-gpu to try function, never speed");
  EXPECT_THAT(refusal([] {
                choose(ranks({{"a"}, {"a"}}));
              }),
              HasSubstr("2 ranks see 1 GPU between them, none of which is left for rank 1;"));
}

TEST(GpuChoice, SharesEvenlyWhereThatIsAskedFor) {
  EXPECT_THAT(choose(ranks({{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}}),
                     GpuSharing::allowed),
              ElementsAre(0, 1, 0, 1, 0));
  EXPECT_THAT(choose(ranks({{"a", "b"}, {"a", "b"}}), GpuSharing::allowed), ElementsAre(0, 1))
      << "no more than necessary";
}

TEST(GpuChoice, NamesTheRankThatSeesNone) {
  auto some = ranks({{"a"}, {}}, 4);
  some[1].none_because = "no CUDA-capable device is detected";
  for (const auto sharing : {GpuSharing::refused, GpuSharing::allowed})
    EXPECT_THAT(refusal([&] { choose(some, sharing); }),
                HasSubstr("rank 5 on host n1: there is no GPU for it: no CUDA-capable device is "
                          "detected; "));
}

RankGpus of_rank(int rank, std::vector<std::string> uuids) { return {rank, std::move(uuids)}; }

TEST(AssignGpus, EveryHostForItself) {
  const std::vector<RankGpus> ranks{of_rank(0, {"a", "b"}), of_rank(1, {"c", "d"}),
                                    of_rank(2, {"a", "b"}), of_rank(3, {"c", "d"})};
  EXPECT_THAT(assign_gpus({"n0", "n1", "n0", "n1"}, ranks, GpuSharing::refused),
              ElementsAre(0, 0, 1, 1));
}

TEST(AssignGpus, OneMachineStartedAsTwoHostsIsSeen) {
  const std::vector<RankGpus> ranks{of_rank(0, {"a", "b"}), of_rank(1, {"a", "b"})};
  EXPECT_EQ(refusal([&] {
              assign_gpus({"n0", "n1"}, ranks, GpuSharing::refused);
            }),
            "hosts n0 and n1: ranks 0 and 1 would both take a, so these hosts are one; start one "
            "rank per GPU of a machine, or pass --share-gpu to try function, never speed");
  EXPECT_THAT(assign_gpus({"n0", "n1"}, ranks, GpuSharing::allowed), ElementsAre(0, 0));
}

}  // namespace
}  // namespace assay::device

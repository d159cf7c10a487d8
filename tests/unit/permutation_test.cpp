#include "harness/schedule/permutation.hpp"

#include <gmock/gmock.h>

#include <array>

namespace assay::schedule {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(Permutation, IsTheSameOnEveryMachine) {
  // std::mt19937_64 is fixed by the standard; the draws from it are fixed by us.
  EXPECT_THAT(permutation(8, 1), ElementsAre(4, 6, 3, 5, 1, 7, 2, 0));
}

TEST(Permutation, TakesEdges) {
  EXPECT_THAT(permutation(0, 3), ElementsAre());
  EXPECT_THAT(permutation(1, 3), ElementsAre(0));
  EXPECT_THAT(permutation(3, 0), UnorderedElementsAre(0, 1, 2));
}

TEST(Permutation, DrawsEveryOrderAlike) {
  std::array<int, 9> seen{};  // which element of three comes at which place
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const auto order = permutation(3, seed);
    for (std::size_t place = 0; place < 3; ++place) ++seen[3 * place + order[place]];
  }
  for (const int count : seen) EXPECT_NEAR(count, 1000, 130);  // 5 standard deviations
}

}  // namespace
}  // namespace assay::schedule

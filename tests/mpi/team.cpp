// The control plane, on as many ranks as mpirun started.
#include <gtest/gtest.h>

#include "tests/mpi/session.hpp"

namespace assay {
namespace {

TEST(Team, GathersAndBroadcastsBytesOfAnySize) {
  auto& world = session->world();
  const auto texts =
      comm::gather_text(world, std::string(static_cast<std::size_t>(world.rank()), 'x'));
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i].size(), i);
  EXPECT_EQ(texts.size(), world.rank() == 0 ? static_cast<std::size_t>(world.size()) : 0U);
  const int last = world.size() - 1;
  EXPECT_EQ(comm::broadcast_text(world, world.rank() == last ? "from the last" : "", last),
            "from the last");
  EXPECT_FALSE(comm::all_agree(world, world.rank() != last));
  EXPECT_TRUE(comm::all_agree(world, true));
}

TEST(Team, SendsFromRankToRankInOrder) {
  auto& world = session->world();
  const int next = world.rank() + 1, previous = world.rank() - 1;
  if (previous >= 0) {
    EXPECT_EQ(comm::receive_value<int>(world, previous), previous);
    EXPECT_EQ(comm::receive_value<double>(world, previous), 0.5);
  }
  if (next == world.size()) return;
  comm::send_value(world, world.rank(), next);
  comm::send_value(world, 0.5, next);
}

TEST(Team, SplitsByColorInKeyOrder) {
  auto& world = session->world();
  const auto part = world.split(world.rank() % 2, -world.rank());
  ASSERT_NE(part, nullptr);
  std::vector<double> highest{static_cast<double>(world.rank())};
  part->max(highest);
  EXPECT_EQ(part->rank() == 0, highest[0] == world.rank());
  EXPECT_EQ(world.split(-1, 0), nullptr);
}

}  // namespace
}  // namespace assay

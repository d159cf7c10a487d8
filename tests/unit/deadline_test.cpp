#include "harness/run/deadline.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace assay::run {
namespace {

void nap(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

TEST(LocalDeadline, ActsOnceWhenItPasses) {
  std::atomic<int> acted = 0;
  const Deadline deadline(0.02, [&] { ++acted; });
  nap(0.3);
  EXPECT_EQ(acted, 1);
}

TEST(LocalDeadline, IsCancelledByItsDestructor) {
  std::atomic<int> acted = 0;
  {
    const Deadline deadline(0.1, [&] { ++acted; });
  }
  nap(0.2);
  EXPECT_EQ(acted, 0);
}

TEST(LocalDeadline, CanBeMovedOnWithAnotherAction) {
  std::atomic<int> first = 0, second = 0;
  Deadline deadline(30, [&] { ++first; });
  deadline.restart(0.02, [&] { ++second; });
  nap(0.3);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

using LocalDeadlineDeathTest = testing::Test;
TEST(LocalDeadlineDeathTest, LeavesWithOneSentenceAndItsCode) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        const Deadline deadline(0.01, leave_incomplete("MPI start-up has taken 120 s"));
        nap(5);
      },
      testing::ExitedWithCode(12), "^MPI start-up has taken 120 s\n$");
}

}  // namespace
}  // namespace assay::run

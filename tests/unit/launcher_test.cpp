#include "harness/app/launcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/core/error.hpp"

namespace assay::app {
namespace {

TEST(Launcher, RankComesFromWhoeverLaunched) {
  EXPECT_EQ(launcher_rank({}), 0);
  EXPECT_EQ(launcher_rank({{"OMPI_COMM_WORLD_RANK", "3"}}), 3);
  EXPECT_EQ(launcher_rank({{"PMI_RANK", "2"}}), 2);
  EXPECT_EQ(launcher_rank({{"SLURM_PROCID", "5"}}), 5);
  EXPECT_EQ(launcher_rank({{"PMI_RANK", "junk"}}), 0);
}

TEST(Launcher, FewerRanksThanPromisedAreRefusedInOneSentence) {
  const Environment slurm{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}};
  try {
    check_world_size(slurm, 1);
    FAIL() << "4 tasks, a world of 1";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "launcher: 4 tasks but a world of 1; use `srun --mpi=pmix`");
  }
  EXPECT_THROW(check_world_size({{"OMPI_COMM_WORLD_SIZE", "2"}}, 1), UsageError);
  EXPECT_THROW(check_world_size({{"PMI_SIZE", "2"}}, 1), UsageError);
}

TEST(Launcher, WhatIsNoPromiseIsNotTakenForOne) {
  EXPECT_NO_THROW(check_world_size({}, 1));
  EXPECT_NO_THROW(check_world_size({{"OMPI_COMM_WORLD_SIZE", "4"}}, 4));
  // mpirun -n 2 inside an allocation of four tasks.
  EXPECT_NO_THROW(check_world_size({{"SLURM_NTASKS", "4"}}, 2));
  EXPECT_NO_THROW(check_world_size(
      {{"OMPI_COMM_WORLD_SIZE", "2"}, {"SLURM_NTASKS", "4"}, {"SLURM_PROCID", "0"}}, 2));
}

}  // namespace
}  // namespace assay::app

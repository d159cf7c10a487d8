// Runs the tests on a real GPU, or says that there is none and is skipped.
#include <gtest/gtest.h>

#include <cstdio>

#include "harness/device/cuda_device.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto visible = assay::device::cuda::visible_gpus(0);
  if (visible.gpus.empty()) {
    std::printf("skipped: there is no GPU here: %s\n", visible.none_because.c_str());
    return 77;
  }
  for (const auto& gpu : visible.gpus)
    std::printf("GPU %d: %s, %s, %d multiprocessors\n", gpu.index, gpu.name.c_str(),
                gpu.bus_id.c_str(), gpu.multiprocessors);
  return RUN_ALL_TESTS();
}

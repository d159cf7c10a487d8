// Softmax and its gradient on a GPU, of short rows and long ones. As device_conformance.cpp linked
// with CUDA and with its double.
#include <gmock/gmock.h>

#include "harness/device/cuda_device.hpp"
#include "tests/unit/softmax_check.hpp"

namespace assay::device {
namespace {

class SoftmaxOnGpu : public testing::TestWithParam<DataType> {
 protected:
  cuda::CudaDevice gpu{cuda::visible_gpus(0).gpus.at(0)};
};
INSTANTIATE_TEST_SUITE_P(All, SoftmaxOnGpu, testing::ValuesIn(test::softmax_types),
                         [](const auto& type) { return std::string(name(type.param)); });

TEST_P(SoftmaxOnGpu, IsRightWhereverRowsBegin) {
  for (const std::size_t width : {1u, 7u, 64u, 250u, 1024u, 4099u})
    for (const std::size_t offset : {0u, 1u}) {
      const test::SoftmaxCheck check(GetParam(), {.count = 33, .width = width, .scale = 0.25});
      auto rows = check.rows(offset), gradient = check.gradient(offset);
      const Buffer p = gpu.allocate(rows.size()), g = gpu.allocate(gradient.size());
      gpu.put(p.data(), rows);
      gpu.put(g.data(), gradient);
      const auto skip = offset * size_of(GetParam());
      gpu.softmax(p.data() + skip, check.shape(), GetParam());
      gpu.softmax_gradient(p.data() + skip, g.data() + skip, check.shape(), GetParam());
      gpu.wait();
      gpu.check();
      gpu.get(rows, p.data());
      gpu.get(gradient, g.data());
      EXPECT_EQ(check.wrong(rows, gradient, offset), "") << width << ' ' << offset;
    }
}

}  // namespace
}  // namespace assay::device

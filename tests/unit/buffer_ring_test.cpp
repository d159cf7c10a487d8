#include "harness/bench/buffer_ring.hpp"

#include <gtest/gtest.h>

namespace assay::bench {
namespace {

class Ring : public testing::Test {
 protected:
  std::unique_ptr<device::Device> device_ = device::make_host_device();
};

TEST_F(Ring, OneSlotWhenTheMessageOutgrowsTheRotation) {
  EXPECT_EQ(BufferRing(*device_, 1 << 20, 0).slots(), 1U);
  EXPECT_EQ(BufferRing(*device_, 1 << 20, 1 << 20).slots(), 1U);
}

TEST_F(Ring, SmallSlotsCoverTheRotationMoreThanAPageApart) {
  const BufferRing ring(*device_, 8, 1 << 20);
  EXPECT_EQ(ring.slots(), (std::size_t{1} << 20) / (4096 + 64));
  EXPECT_GT(ring.slot(1) - ring.slot(0), 4096);
}

TEST_F(Ring, SlotsOfAPageAndMoreBeginOnOne) {
  const BufferRing ring(*device_, 5000, 1 << 16);
  ASSERT_GT(ring.slots(), 1U);
  for (std::size_t i = 0; i < ring.slots(); ++i)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ring.slot(i)) % 4096, 0U);
}

TEST_F(Ring, AnEmptyMessageHasASlotAndGuards) {
  const BufferRing ring(*device_, 0, 0);
  EXPECT_EQ(ring.slots(), 1U);
  EXPECT_FALSE(ring.overwritten(0));
}

TEST_F(Ring, AWriteBesideAnySlotIsSeenWithItsOffset) {
  for (const std::size_t bytes : {100, 5000}) {
    const BufferRing ring(*device_, bytes, 3 * 8192);
    ASSERT_GE(ring.slots(), 3U);
    for (std::size_t i = 0; i < ring.slots(); ++i) {
      EXPECT_FALSE(ring.overwritten(i));
      ring.slot(i)[-1] = std::byte{0};
      EXPECT_EQ(ring.overwritten(i), -1);
      ring.slot(i)[-1] = std::byte{0xa5};
      ring.slot(i)[bytes] = std::byte{0};
      EXPECT_EQ(ring.overwritten(i), bytes);
      ring.slot(i)[bytes] = std::byte{0xa5};
      EXPECT_FALSE(ring.overwritten(i));
    }
  }
}

TEST_F(Ring, PoisonStaysInsideItsSlot) {
  const BufferRing ring(*device_, 100, 3 * 4160);
  for (std::size_t i = 0; i < ring.slots(); ++i) ring.poison(i);
  for (std::size_t i = 0; i < ring.slots(); ++i) EXPECT_FALSE(ring.overwritten(i));
}

}  // namespace
}  // namespace assay::bench

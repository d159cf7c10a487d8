#include "harness/bench/buffer_ring.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace assay::bench {
namespace {

using Sizes = std::vector<std::size_t>;

constexpr std::uint64_t line = 64;
constexpr std::uint64_t mib = std::uint64_t{1} << 20;

class Ring : public testing::Test {
 protected:
  std::unique_ptr<device::Device> device_ = device::make_host_device();
};

/// Cache lines that the messages of one turn through all slots touch, in the order of the turns.
std::vector<std::uint64_t> lines_touched(const BufferRing& ring, Turn turn) {
  std::vector<std::uint64_t> lines;
  for (std::size_t i = 0; i < turn.slots(); ++i) {
    const auto begin = reinterpret_cast<std::uintptr_t>(ring.slot(turn.take()));
    for (auto at = begin / line; at <= (begin + ring.bytes() - 1) / line; ++at) lines.push_back(at);
  }
  return lines;
}

TEST(RotationOver, CountsTheLinesOfAllBuffersOfALaunch) {
  EXPECT_EQ(rotation_over(mib, {8}).slots, mib / 64);
  EXPECT_EQ(rotation_over(mib, {8, 8}).slots, mib / 128);
  EXPECT_EQ(rotation_over(mib, {65, 0}).slots, mib / 128);
  EXPECT_EQ(rotation_over(mib, {8, 8}).bytes, mib);
  EXPECT_EQ(rotation_over(mib, {300'000}).slots, 4U);
  EXPECT_EQ(rotation_over(mib, {300'000}).bytes, 4U * 300'032);
}

TEST(RotationOver, OneSlotWhenALaunchOutgrowsIt) {
  EXPECT_EQ(rotation_over(0, {mib}).slots, 1U);
  EXPECT_EQ(rotation_over(mib, {mib / 2, mib / 2}).slots, 1U);
  EXPECT_EQ(rotation_over(mib, {0, 0}).slots, 1U) << "no bytes, nothing to rotate";
}

TEST_F(Ring, ATurnTouchesAsManyCacheLinesAsTheRotationHas) {
  for (const auto bytes : Sizes{8, 64, 65, 1000, 4095, 4096, 5000, 70'000}) {
    const auto rotation = rotation_over(4 * mib, {bytes});
    const BufferRing ring(*device_, bytes, rotation.slots);
    const auto lines = lines_touched(ring, Turn(rotation.slots));
    const std::set<std::uint64_t> distinct(lines.begin(), lines.end());
    EXPECT_GE(distinct.size() * line, 4 * mib) << bytes;
    EXPECT_EQ(distinct.size() * line, rotation.bytes) << bytes;
  }
}

TEST_F(Ring, SmallSlotsUseAllCacheSetsAlike) {
  constexpr std::uint64_t sets = 1024;
  for (const auto bytes : Sizes{8, 100, 1000, 4000}) {
    const auto rotation = rotation_over(4 * mib, {bytes});
    const BufferRing ring(*device_, bytes, rotation.slots);
    std::map<std::uint64_t, std::size_t> in_set;
    const auto lines = lines_touched(ring, Turn(rotation.slots));
    for (const auto at : lines) ++in_set[at % sets];
    const auto even = lines.size() / sets;
    EXPECT_EQ(in_set.size(), sets) << bytes;
    for (const auto& [set, count] : in_set) EXPECT_LE(count, even + even / 8 + 2) << bytes;
  }
}

TEST_F(Ring, NoTwoSmallSlotsShareAPairOfLines) {
  for (const auto bytes : Sizes{8, 64, 100, 128, 1000}) {
    const BufferRing ring(*device_, bytes, 1000);
    for (std::size_t i = 0; i + 1 < ring.slots(); ++i) {
      const auto last = reinterpret_cast<std::uintptr_t>(ring.slot(i)) + bytes - 1;
      const auto next = reinterpret_cast<std::uintptr_t>(ring.slot(i + 1));
      EXPECT_LT(last / (2 * line), next / (2 * line)) << bytes;
    }
  }
}

TEST_F(Ring, NeedsAtMostThreeTimesTheMemoryOfItsLines) {
  for (const auto bytes : Sizes{1, 64, 65, 1000, 4096, 5000}) {
    const BufferRing ring(*device_, bytes, 2);
    EXPECT_LE(static_cast<std::size_t>(ring.slot(1) - ring.slot(0)),
              3 * ((bytes + line - 1) / line) * line);
  }
}

TEST(Turn, TakesEverySlotOnceBeforeTheFirstAgain) {
  for (const auto slots : Sizes{1, 2, 3, 4, 5, 6, 12, 1000, 524'288}) {
    Turn turn(slots);
    std::set<std::size_t> taken;
    for (std::size_t i = 0; i < slots; ++i) {
      taken.insert(turn.take());
      ASSERT_LT(turn.announce(), slots);
    }
    EXPECT_EQ(taken.size(), slots);
    EXPECT_EQ(turn.announce(), 0U);
  }
}

TEST_F(Ring, NeighboursInTimeAreMoreThanAPageApart) {
  const auto rotation = rotation_over(mib, {8});
  const BufferRing ring(*device_, 8, rotation.slots);
  Turn turn(rotation.slots);
  const auto* before = ring.slot(turn.take());
  for (std::size_t i = 1; i < rotation.slots; ++i) {
    const auto* now = ring.slot(turn.take());
    EXPECT_GT(std::abs(now - before), 4096);
    before = now;
  }
}

TEST_F(Ring, SlotsOfAPageAndMoreBeginOnOne) {
  const BufferRing ring(*device_, 5000, 8);
  for (std::size_t i = 0; i < ring.slots(); ++i)
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(ring.slot(i)) % 4096, 0U);
}

TEST_F(Ring, EmptySlotsAreOneWithGuards) {
  const BufferRing ring(*device_, 0, 1000);
  EXPECT_EQ(ring.slot(0), ring.slot(999));
  EXPECT_FALSE(ring.overwritten(0));
  ring.slot(0)[0] = std::byte{0};
  EXPECT_EQ(ring.overwritten(999), 0);
}

TEST_F(Ring, AWriteBesideAnySlotIsSeenWithItsOffset) {
  for (const auto bytes : Sizes{8, 100, 4095, 5000}) {
    const BufferRing ring(*device_, bytes, 3);
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

TEST_F(Ring, LiesAlikeWhereBuffersDiffer) {
  const BufferRing small(*device_, 100, 3, {.bytes_apart = 5000}), large(*device_, 5000, 3);
  EXPECT_EQ(small.slot(2) - small.slot(0), large.slot(2) - large.slot(0));
  EXPECT_FALSE(small.overwritten(1));
  small.slot(1)[100] = std::byte{0};
  EXPECT_EQ(small.overwritten(1), 100) << "the guard is behind what is used";
}

TEST_F(Ring, TakesItsMemoryFromWhereItIsTold) {
  std::size_t asked = 0;
  const BufferRing ring(*device_, 100, 3, {.allocate = [&](std::size_t bytes) {
    asked = bytes;
    return device_->allocate(bytes);
  }});
  EXPECT_GE(asked, 300U);
  EXPECT_FALSE(ring.overwritten(2));
}

TEST_F(Ring, PoisonStaysInsideItsSlot) {
  const BufferRing ring(*device_, 100, 3);
  for (std::size_t i = 0; i < ring.slots(); ++i) ring.poison(i);
  for (std::size_t i = 0; i < ring.slots(); ++i) EXPECT_FALSE(ring.overwritten(i));
}

}  // namespace
}  // namespace assay::bench

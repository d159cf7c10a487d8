// A schedule as a launch: what it moves, what it adds, and that it allocates nothing.
#include "harness/bench/composed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "harness/core/error.hpp"
#include "harness/schedule/algorithms.hpp"
#include "tests/unit/counting_new.hpp"

namespace assay::bench {
namespace {

using testing::ElementsAre;

/// What is received is all of one value; what is sent is kept.
class Peers final : public comm::Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 2; }
  bool accepts(device::MemoryKind) const override { return true; }
  std::unique_ptr<comm::Launch> native(const comm::CollectiveCall&) override { return nullptr; }
  std::unique_ptr<comm::Transfers> transfers(std::vector<comm::Transfer> transfers) override;

  float value = 10;
  std::string error;
  std::array<std::byte, 64> sent{};
  std::size_t sent_bytes = 0;
  int under_way = 0, at_once = 0;
};

class PeerTransfers final : public comm::Transfers {
 public:
  PeerTransfers(Peers& peers, std::vector<comm::Transfer> transfers)
      : peers_(peers), transfers_(std::move(transfers)), data_(transfers_.size()) {}

  void start(std::size_t index, std::byte* data) noexcept override {
    data_[index] = data;
    ++peers_.under_way;
  }
  void finish(std::size_t index) noexcept override {
    --peers_.under_way;
    const auto& transfer = transfers_[index];
    if (transfer.way == comm::Transfer::Way::send) {
      std::memcpy(peers_.sent.data() + peers_.sent_bytes, data_[index], transfer.bytes);
      peers_.sent_bytes += transfer.bytes;
    } else {
      for (std::size_t at = 0; at < transfer.bytes; at += sizeof(float))
        std::memcpy(data_[index] + at, &peers_.value, sizeof(float));
    }
  }
  void carry_out(std::size_t index, std::byte* data) noexcept override {
    start(index, data);
    finish(index);
    ++peers_.at_once;
  }
  void check() const override {
    if (!peers_.error.empty()) throw RunError({"rank 0", peers_.error, ""});
  }

 private:
  Peers& peers_;
  std::vector<comm::Transfer> transfers_;
  std::vector<std::byte*> data_;
};

std::unique_ptr<comm::Transfers> Peers::transfers(std::vector<comm::Transfer> transfers) {
  return std::make_unique<PeerTransfers>(*this, std::move(transfers));
}

class Composed : public testing::Test {
 protected:
  std::unique_ptr<comm::Launch> all_reduce(ReduceOp op, std::string name) {
    const auto* algorithm = schedule::find_algorithm(Collective::all_reduce, name);
    const auto schedule = algorithm->build({2, recv.size()}, 0);
    return compose({.schedule = schedule,
                    .type = DataType::fp32,
                    .op = op,
                    .algorithm = std::move(name),
                    .divide_count = op == ReduceOp::avg ? recv.size() : 0},
                   peers, *device);
  }
  void launch(comm::Launch& launch) {
    launch(reinterpret_cast<const std::byte*>(send.data()),
           reinterpret_cast<std::byte*>(recv.data()));
  }

  Peers peers;
  std::unique_ptr<device::Device> device = device::make_host_device();
  std::array<float, 4> send{1, 2, 3, 4}, recv{};
};

TEST_F(Composed, MovesAndAdds) {
  const auto composed = all_reduce(ReduceOp::sum, "recursive_doubling");
  launch(*composed);
  EXPECT_THAT(recv, ElementsAre(11, 12, 13, 14));
  std::array<float, 4> sent{};
  std::memcpy(sent.data(), peers.sent.data(), sizeof sent);
  EXPECT_THAT(sent, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(peers.under_way, 0);
  composed->check();
}

TEST_F(Composed, ReducesByTheOperatorAndDividesForTheAverage) {
  launch(*all_reduce(ReduceOp::max, "recursive_doubling"));
  EXPECT_THAT(recv, ElementsAre(10, 10, 10, 10));
  launch(*all_reduce(ReduceOp::avg, "recursive_doubling"));
  EXPECT_THAT(recv, ElementsAre(5.5, 6, 6.5, 7));
}

/// A ping-pong is a send and a receive one after the other; what overlaps needs requests.
TEST_F(Composed, WhatIsWaitedForAtOnceNeedsNoRequest) {
  const auto schedule =
      schedule::find_algorithm(Collective::ping_pong, "direct")->build({2, recv.size()}, 0);
  launch(*compose({.schedule = schedule, .algorithm = "direct"}, peers, *device));
  EXPECT_THAT(recv, ElementsAre(10, 10, 10, 10));
  EXPECT_EQ(peers.at_once, 2);
  launch(*all_reduce(ReduceOp::sum, "recursive_doubling"));
  EXPECT_EQ(peers.at_once, 2);
}

TEST_F(Composed, SaysWhatItIs) {
  EXPECT_EQ(all_reduce(ReduceOp::sum, "ring")->info().path, "composed ring");
  EXPECT_EQ(all_reduce(ReduceOp::sum, "ring")->info().reduction, "assay");
  const auto gather =
      schedule::find_algorithm(Collective::all_gather, "bruck")->build({2, 2, 0}, 0);
  const auto composed = compose({.schedule = gather, .algorithm = "bruck"}, peers, *device);
  EXPECT_EQ(composed->info().reduction, "");
  launch(*composed);
  EXPECT_THAT(recv, ElementsAre(1, 2, 10, 10)) << "through scratch memory";
}

/// A leaf of the tree sends its part and reduces nothing itself.
TEST_F(Composed, EveryRankSaysWhoReduces) {
  const auto* tree = schedule::find_algorithm(Collective::reduce, "tree");
  for (const int root : {0, 1}) {
    const auto schedule = tree->build({.ranks = 2, .count = recv.size(), .root = root}, 0);
    const auto composed =
        compose({.schedule = schedule, .op = ReduceOp::sum, .algorithm = "tree"}, peers, *device);
    EXPECT_EQ(composed->info().reduction, "assay") << "root " << root;
  }
}

TEST_F(Composed, ALaunchAllocatesNothing) {
  for (const auto* name : {"ring", "recursive_doubling"}) {
    const auto composed = all_reduce(ReduceOp::avg, name);
    const auto before = tests::allocations();
    for (int i = 0; i < 3; ++i, peers.sent_bytes = 0) launch(*composed);
    EXPECT_EQ(tests::allocations(), before);
    EXPECT_GT((all_reduce(ReduceOp::avg, name), tests::allocations()), before)
        << "the counter must count";
  }
}

TEST_F(Composed, IsOutOfPlaceOnly) {
  const auto composed = all_reduce(ReduceOp::sum, "ring");
  (*composed)(nullptr, reinterpret_cast<std::byte*>(recv.data()));
  EXPECT_THROW(composed->check(), InternalError);
}

TEST_F(Composed, PassesFailedTransfersOn) {
  const auto composed = all_reduce(ReduceOp::sum, "ring");
  launch(*composed);
  composed->check();
  peers.error = "a cable was pulled";
  EXPECT_THROW(composed->check(), RunError);
}

}  // namespace
}  // namespace assay::bench

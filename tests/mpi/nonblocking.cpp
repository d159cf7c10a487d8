// Every nonblocking collective × type × operator × count × root, in and out of place, on as many
// ranks as mpirun started: what it leaves is, byte for byte, what the blocking one leaves (which
// the conformance suite holds against the oracle).
//
// Expectations, never assertions: all ranks must make the same calls whatever one of them saw.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "benchmarks/collective_spec.hpp"
#include "kernels/kernels.hpp"
#include "tests/mpi/session.hpp"
#include "tests/unit/schedule_model.hpp"

namespace assay {
namespace {

using benchmarks::CollectiveSpec;
using benchmarks::OracleCall;
using comm::CollectiveCall;

constexpr std::array<std::uint64_t, 5> counts{0, 1, 7, 1023, 20'001};

struct World {
  std::unique_ptr<comm::Team> team = session->world().split(0, 0);
  std::unique_ptr<device::Device> device = device::make_host_device();
  std::unique_ptr<comm::Connection> connection = comm::backends().front().connect(*team, *device);
  std::unique_ptr<comm::Communicator> communicator = comm::communicator_of_all(*connection, *team);
};

/// One buffer pair of a rank, filled alike for both forms of a call.
class Buffers {
 public:
  Buffers(const CollectiveSpec& spec, const OracleCall& call, int rank)
      : in_place_(call.in_place), width_(size_of(call.type)) {
    const auto sent = spec.send_elements(call, rank), received = spec.recv_elements(call, rank);
    recv_.assign((in_place_ ? std::max(sent, received) : received) * width_, std::byte{0xff});
    send_.assign(in_place_ ? 0 : sent * width_, std::byte{0xff});
    const auto at =
        in_place_ && spec.in_place_input != nullptr ? spec.in_place_input(call, rank) : 0;
    auto* input = in_place_ ? recv_.data() + at * width_ : send_.data();
    kernels::fill(input, spec.input(call, rank), {7, 0, sent});
  }
  const std::byte* send() const { return in_place_ ? nullptr : address(send_); }
  std::byte* recv() { return const_cast<std::byte*>(address(recv_)); }
  /// What the collective leaves. In place, a library may use what is not the result as it likes.
  std::span<const std::byte> output(const CollectiveSpec& spec, const OracleCall& call, int rank,
                                    std::uint64_t result_at) const {
    if (!reduces(spec.collective) || !in_place_) return recv_;
    return std::span(recv_).subspan(result_at * width_, spec.recv_elements(call, rank) * width_);
  }

 private:
  /// Never null: that would mean in place.
  const std::byte* address(const std::vector<std::byte>& bytes) const {
    return bytes.empty() ? &nothing_ : bytes.data();
  }
  bool in_place_;
  std::size_t width_;
  std::vector<std::byte> send_, recv_;
  std::byte nothing_{};
};

enum class Completion { wait, test };

void expect_same(World& world, const CollectiveSpec& spec, const OracleCall& call) {
  const CollectiveCall library{spec.collective, call.type, call.op,
                               call.count,      call.root, call.counts};
  auto blocking = world.communicator->native(library);
  auto nonblocking = world.communicator->nonblocking(library);
  EXPECT_NE(nonblocking, nullptr) << name(spec.collective);
  if (blocking == nullptr || nonblocking == nullptr) return;
  EXPECT_EQ(nonblocking->info().reduction, blocking->info().reduction);
  Buffers expected(spec, call, world.team->rank());
  (*blocking)(expected.send(), expected.recv());
  const auto output = [&](const Buffers& buffers) {
    return buffers.output(spec, call, world.team->rank(), blocking->info().in_place_result_at);
  };
  for (const auto completion : {Completion::wait, Completion::test, Completion::wait}) {
    Buffers actual(spec, call, world.team->rank());
    nonblocking->start(actual.send(), actual.recv());
    while (completion == Completion::test && !nonblocking->test()) {
    }
    nonblocking->wait();
    EXPECT_TRUE(nonblocking->test()) << "nothing is under way";
    nonblocking->check();
    EXPECT_TRUE(std::ranges::equal(output(actual), output(expected)))
        << fmt::format("{} {} {} count {} root {}{}", name(spec.collective), name(call.type),
                       name(call.op), call.count, call.root, call.in_place ? " in place" : "");
  }
}

std::vector<OracleCall> calls_of(const CollectiveSpec& spec, int ranks) {
  std::vector<OracleCall> calls;
  for (const auto& type : data_types)
    for (const auto count : counts) {
      OracleCall call{.type = type.type, .ranks = ranks, .count = count, .seed = 42};
      for (const int root : spec.rooted ? std::vector{0, ranks - 1} : std::vector{0})
        for (const bool in_place :
             spec.has_in_place ? std::vector{false, true} : std::vector{false})
          for (std::size_t op = 0; op < (reduces(spec.collective) ? reduce_op_names.size() : 1);
               ++op) {
            call.root = root;
            call.in_place = in_place;
            call.op = static_cast<ReduceOp>(op);
            calls.push_back(call);
          }
    }
  return calls;
}

TEST(Nonblocking, LeavesWhatTheBlockingFormLeaves) {
  World world;
  const int ranks = world.team->size();
  std::size_t rows = 0;
  for (const auto* spec : benchmarks::collective_specs()) {
    if (!spec->in_libraries) continue;
    ++rows;
    for (auto call : calls_of(*spec, ranks)) {
      const tests::SkewedCounts uneven(call.count);
      if (spec->collective == Collective::all_to_all_v) {
        call.counts = &uneven;
        call.count *= 3 * static_cast<std::uint64_t>(ranks);
      }
      expect_same(world, *spec, call);
    }
  }
  EXPECT_GE(rows, 10U);
}

TEST(Nonblocking, TwoCanBeUnderWayAtOnce) {
  World one, other;
  const int rank = one.team->rank(), ranks = one.team->size();
  const CollectiveCall sum{
      .collective = Collective::all_reduce, .type = DataType::int64, .count = 3};
  const CollectiveCall all{
      .collective = Collective::all_gather, .type = DataType::int64, .count = 1};
  auto reduction = one.communicator->nonblocking(sum);
  auto gathering = other.communicator->nonblocking(all);
  const std::vector<std::int64_t> mine(3, rank + 1);
  std::vector<std::int64_t> sums(3), gathered(static_cast<std::size_t>(ranks));
  const auto bytes = [](auto& values) { return reinterpret_cast<std::byte*>(values.data()); };
  const auto* from = reinterpret_cast<const std::byte*>(mine.data());
  reduction->start(from, bytes(sums));
  gathering->start(from, bytes(gathered));
  gathering->wait();
  reduction->wait();
  EXPECT_EQ(sums, std::vector<std::int64_t>(3, ranks * (ranks + 1) / 2));
  for (int i = 0; i < ranks; ++i) EXPECT_EQ(gathered[static_cast<std::size_t>(i)], i + 1);
}

TEST(Nonblocking, WhatWouldBeCutIntoPiecesIsRefused) {
  World world;
  for (const auto collective : {Collective::all_reduce, Collective::all_gather,
                                Collective::reduce_scatter, Collective::all_to_all_v}) {
    const CollectiveCall call{.collective = collective, .count = std::uint64_t{1} << 32};
    EXPECT_EQ(world.communicator->nonblocking(call), nullptr) << name(collective);
  }
  const CollectiveCall none{.collective = Collective::hypercube, .count = 1};
  EXPECT_EQ(world.communicator->nonblocking(none), nullptr);
}

}  // namespace
}  // namespace assay
